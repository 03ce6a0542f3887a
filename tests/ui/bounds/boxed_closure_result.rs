use memofn::memoize;

#[memoize]
fn adder(n: u64) -> Box<dyn Fn(u64) -> u64 + Send + Sync> {
    Box::new(move |m| n + m)
}

fn main() {
    adder(3)(4);
}
