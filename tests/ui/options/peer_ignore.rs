use memofn::memoize;

#[memoize(Ignore: log)]
fn square(n: u64, log: &str) -> u64 {
    println!("{log}");
    n * n
}

fn main() {
    square(3, "three");
}
