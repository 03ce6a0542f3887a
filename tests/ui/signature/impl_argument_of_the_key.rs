use memofn::memoize;

#[memoize(key = x.to_string())]
fn shown(x: impl ToString) -> usize {
    x.to_string().len()
}

fn main() {
    shown(1);
}
