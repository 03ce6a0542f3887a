use memofn::memoize;

#[memoize]
fn char(n: u32) -> u32 {
    n
}

#[memoize(controls = u64)]
fn double(n: u32) -> u32 {
    2 * n
}

fn main() {}

// errors: 2
