use memofn::memoize;

#[derive(Clone)]
struct Page(String);

#[memoize(disk)]
fn page(url: String) -> Page {
    Page(url)
}

fn main() {}
