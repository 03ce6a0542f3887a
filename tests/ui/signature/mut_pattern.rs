use memofn::memoize;

#[memoize]
fn total((items, log): (&mut Vec<u64>, &str)) -> u64 {
    println!("{log}");
    items.drain(..).sum()
}

fn main() {
    total((&mut vec![3], "three"));
}
