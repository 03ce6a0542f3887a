use memofn::memoize;

#[derive(Clone)]
struct Page(String);

#[memoize(disk)]
fn page(url: &str) -> Result<Vec<Page>, std::fmt::Error> {
    Ok(vec![Page(url.to_owned())])
}

fn main() {}
