use memofn::{Cache, memoize};

struct Parser<'s> {
    text: &'s str,
    words: Cache<u64, usize>,
}

impl<'s> Parser<'s> {
    #[memoize(cache = self.words)]
    fn count(&self, word: &'s str) -> usize {
        self.text.matches(word).count()
    }
}

fn main() {
    Parser { text: "to be", words: Cache::default() }.count("be");
}

// repeats: 2
