use memofn::memoize;

enum Option<T> {
    Some(T),
    None,
}

#[memoize]
fn length(text: Option<&str>) -> usize {
    match text {
        Option::Some(text) => text.len(),
        Option::None => 0,
    }
}

fn main() {}
