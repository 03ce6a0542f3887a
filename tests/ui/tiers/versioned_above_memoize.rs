use memofn::memoize;

#[memofn::versioned]
#[memoize(version = 2)]
fn page(url: String) -> String {
    url
}

fn main() {}
