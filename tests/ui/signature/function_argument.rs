use memofn::memoize;

#[memoize]
fn twice(f: impl Fn() -> u32) -> u32 {
    f() + f()
}

fn main() {
    twice(|| 3);
}
