use memofn::memoize;
use std::borrow::Cow;

#[memoize]
fn trimmed(text: &str) -> Cow<'_, str> {
    Cow::Borrowed(text.trim())
}

fn main() {
    trimmed("three ");
}
