use memofn::memoize;

#[memoize]
fn fail(code: i32) -> ! {
    std::process::exit(code)
}

fn main() {
    fail(1);
}
