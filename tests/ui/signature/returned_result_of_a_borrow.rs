use memofn::memoize;

#[memoize]
fn first(text: &str) -> Result<&str, String> {
    text.split(' ').next().ok_or_else(|| text.to_owned())
}

fn main() {
    first("one two three").unwrap();
}
