use memofn::{Cache, memoize};

struct Parser<'s> {
    text: &'s str,
    words: Cache<usize, &'s str>,
}

impl<'s> Parser<'s> {
    #[memoize(cache = self.words)]
    fn word(&self, at: usize) -> &str {
        &self.text[at..]
    }
}

fn main() {
    Parser { text: "to be", words: Cache::default() }.word(3);
}
