use memofn::memoize;

#[memoize]
fn first(text: &str) -> &str {
    text.split(' ').next().unwrap_or(text)
}

fn main() {
    first("one two three");
}
