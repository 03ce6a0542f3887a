use memofn::memoize;

#[memoize(option = true)]
fn found(id: u64) -> Option<u64> {
    Some(id)
}

fn main() {
    found(3);
}
