use memofn::memoize;

#[memoize]
async fn first(text: &str) -> &str {
    text.split(' ').next().unwrap_or(text)
}

fn main() {
    drop(first("one two"));
}
