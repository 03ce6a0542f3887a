use memofn::memoize;

fn main() {
    #[memoize]
    let square = |n: u64| n * n;
    square(3);
}

// errors: 2
