use memofn::memoize;

#[memoize(version = 18446744073709551616)]
fn page(url: String) -> String {
    url
}

fn main() {}
