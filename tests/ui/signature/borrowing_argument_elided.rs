use memofn::memoize;

#[derive(Clone, PartialEq, Eq, Hash)]
struct Words<'t>(Vec<&'t str>);

#[memoize]
fn count(words: &Words) -> usize {
    words.0.len()
}

fn main() {
    count(&Words(vec!["three"]));
}

// repeats: 2
