use memofn::memoize;

#[derive(Clone)]
struct Words<'t>(Vec<&'t str>);

#[memoize]
fn words(text: &str) -> Words {
    Words(text.split(' ').collect())
}

fn main() {
    let _ = words("one two three").0;
}

// repeats: 2
