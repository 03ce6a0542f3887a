use memofn::memoize;

#[allow(non_camel_case_types)]
struct square;

#[memoize(controls = square)]
fn area(side: u64) -> u64 {
    side * side
}

fn main() {
    let _ = square;
    area(3);
}
