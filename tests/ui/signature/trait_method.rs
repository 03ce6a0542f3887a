use memofn::memoize;

trait Shape {
    #[memoize]
    fn area(radius: u64) -> u64;
}

fn main() {}
