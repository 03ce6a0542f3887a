use memofn::{Cache, memoize};

struct Parser<'s> {
    words: Cache<&'s str, usize>,
}

impl<'s> Parser<'s> {
    #[memoize(cache = self.words, tags = [word])]
    fn word(&self, word: &'s str) -> usize {
        word.len()
    }
}

fn main() {
    Parser { words: Cache::default() }.word("three");
}

// repeats: 2
