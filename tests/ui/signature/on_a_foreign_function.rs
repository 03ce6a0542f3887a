use memofn::memoize;

unsafe extern "C" {
    #[memoize]
    fn abs(n: i32) -> i32;
}

fn main() {
    unsafe { abs(-3) };
}
