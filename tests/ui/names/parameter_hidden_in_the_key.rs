use memofn::memoize;

struct T;

macro_rules! named {
    ($n:expr) => {
        (std::any::type_name::<T>(), $n)
    };
}

#[memoize(key = named!(n))]
fn numbered<T: Default>(n: u64, _by: T) -> u64 {
    n
}

fn main() {
    let _ = T;
}
