use memofn::memoize;

struct Size(usize);

#[memoize(depends(Size))]
fn page(url: String) -> usize {
    Size(url.len()).0
}

fn main() {}
