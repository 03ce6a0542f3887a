use memofn::memoize;

const VERSION: u32 = 2;

#[memoize(version = VERSION)]
fn page(url: String) -> String {
    url
}

fn main() {}
