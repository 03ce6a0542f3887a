use memofn::memoize;

#[memoize]
fn pair<T>(item: T) -> (T, T)
where
    T: Clone,
{
    (item.clone(), item)
}

fn main() {
    pair(3);
}

