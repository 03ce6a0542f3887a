use memofn::memoize;

fn main() {
    #[memoize]
    let x = 3;
    let _ = x;
}

// errors: 2
