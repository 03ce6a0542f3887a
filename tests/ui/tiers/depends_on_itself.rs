use memofn::memoize;

#[memoize(depends(page))]
fn page(url: String) -> String {
    url
}

fn main() {}
