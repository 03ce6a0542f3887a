use memofn::memoize;

#[memoize(tti = |value| std::time::Duration::from_secs(*value))]
fn f(n: u64) -> u64 {
    n
}

fn main() {
    f(1);
}
