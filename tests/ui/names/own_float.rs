use memofn::memoize;

#[allow(non_camel_case_types)]
#[derive(Clone, PartialEq, Eq, Hash)]
struct f64(u8);

#[memoize]
fn half(x: f64) -> u8 {
    x.0 / 2
}

fn main() {}
