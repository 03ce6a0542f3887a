use memofn::memoize;

fn parse(text: &str) -> usize {
    text.len()
}

#[memoize(depends(parse))]
fn page(url: String) -> usize {
    parse(&url)
}

fn main() {}
