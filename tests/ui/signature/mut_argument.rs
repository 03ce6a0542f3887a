use memofn::memoize;

#[memoize]
fn drain(items: &mut Vec<u64>) -> u64 {
    items.drain(..).sum()
}

fn main() {
    drain(&mut vec![1, 2, 3]);
}
