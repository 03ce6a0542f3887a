use memofn::memoize;

const SIZE: usize = 8;

#[memoize(disk = SIZE)]
fn page(url: String) -> String {
    url
}

fn main() {}
