use memofn::memoize;

const SIZE: usize = 8;

#[memoize(depends(SIZE))]
fn page(url: String) -> usize {
    url.len() + SIZE
}

fn main() {}
