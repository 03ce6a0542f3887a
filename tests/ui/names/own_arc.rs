use memofn::memoize;
use std::ops::Deref;

struct Arc<T> {
    tag: u8,
    value: T,
}

impl<T> Deref for Arc<T> {
    type Target = T;
    fn deref(&self) -> &T {
        &self.value
    }
}

#[memoize]
fn tag(x: Arc<f64>) -> u8 {
    x.tag
}

#[memoize]
fn tags(list: &[(u8, Arc<&str>)]) -> usize {
    list.len()
}

fn main() {
    tag(Arc { tag: 1, value: 0.5 });
}

// errors: 2
