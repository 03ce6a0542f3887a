use memofn::memoize;

#[memoize(ttl = "10m", refresh_after = "8m")]
fn length(text: impl AsRef<str> + 'static) -> usize {
    text.as_ref().len()
}

fn main() {
    length("EUR");
}
