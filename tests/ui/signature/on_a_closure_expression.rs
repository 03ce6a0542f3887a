use memofn::memoize;

fn main() {
    let square = #[memoize]
    |n: u64| n * n;
    square(3);
}

// errors: 3
