use memofn::memoize;

#[memoize]
#[memofn::versioned]
fn page(url: String) -> String {
    url
}

fn main() {}
