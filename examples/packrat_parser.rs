//! A packrat parser: a recursive descent in linear time, whose results borrow the text.
//!
//! ```text
//! cargo run --release --example packrat_parser
//! ```
//!
//! Each rule is a memoized method, and where it begins is the key. The caches are fields of the parser, so
//! they hold what borrows the text: `'s` outlives the parser. They need no bound, and go with the parser.

use memofn::{Cache, memoize};
use std::cell::Cell;
use std::sync::Arc;

#[derive(Debug, PartialEq)]
enum Tree<'s> {
    Leaf(&'s str),
    Node(Arc<Tree<'s>>, char, Arc<Tree<'s>>),
}

/// A tree and where it ends; `None` if the rule does not match.
type Parsed<'s> = Option<(Arc<Tree<'s>>, usize)>;

struct Parser<'s> {
    text: &'s str,
    runs: Cell<usize>,
    sums: Cache<usize, Parsed<'s>>,
    products: Cache<usize, Parsed<'s>>,
    atoms: Cache<usize, Parsed<'s>>,
}

impl<'s> Parser<'s> {
    fn new(text: &'s str) -> Self {
        let [sums, products, atoms] = [(); 3].map(|()| Cache::unbounded());
        Self { text, runs: Cell::new(0), sums, products, atoms }
    }

    /// `sum = product "+" sum | product "-" sum | product`. Each alternative parses its product again: the
    /// cache knows it.
    #[memoize(cache = self.sums)]
    fn sum(&self, at: usize) -> Parsed<'s> {
        let one = |sign| self.pair(self.product(at), sign, |at| self.sum(at));
        one('+').or_else(|| one('-')).or_else(|| self.product(at))
    }

    /// `product = atom "*" product | atom "/" product | atom`
    #[memoize(cache = self.products)]
    fn product(&self, at: usize) -> Parsed<'s> {
        let one = |sign| self.pair(self.atom(at), sign, |at| self.product(at));
        one('*').or_else(|| one('/')).or_else(|| self.atom(at))
    }

    /// `atom = "(" sum ")" | letters and digits`
    #[memoize(cache = self.atoms)]
    fn atom(&self, at: usize) -> Parsed<'s> {
        self.runs.set(self.runs.get() + 1);
        if let Some(inner) = self.skip('(', at) {
            let (sum, end) = self.sum(inner)?;
            return Some((sum, self.skip(')', end)?));
        }
        let rest = &self.text[at..];
        let length = rest.find(|c: char| !c.is_alphanumeric()).unwrap_or(rest.len());
        (length > 0).then(|| (Arc::new(Tree::Leaf(&rest[..length])), at + length))
    }

    fn pair(
        &self,
        left: Parsed<'s>,
        sign: char,
        right: impl Fn(usize) -> Parsed<'s>,
    ) -> Parsed<'s> {
        let (left, end) = left?;
        let (right, end) = right(self.skip(sign, end)?)?;
        Some((Arc::new(Tree::Node(left, sign, right)), end))
    }

    fn skip(&self, sign: char, at: usize) -> Option<usize> {
        self.text[at..].starts_with(sign).then(|| at + sign.len_utf8())
    }
}

fn parse(text: &str) -> Option<(Arc<Tree<'_>>, usize)> {
    let parser = Parser::new(text);
    let (tree, end) = parser.sum(0)?;
    // The tree outlives the parser and its caches.
    (end == text.len()).then(|| (tree, parser.runs.get()))
}

fn main() {
    let (tree, _) = parse("2*x+y").expect("a sum");
    let Tree::Node(product, '+', y) = &*tree else { panic!("no sum: {tree:?}") };
    println!("{product:?} and {y:?}");
    assert_eq!(**y, Tree::Leaf("y"));
    assert_eq!(parse("2*(x+"), None);

    // Without the caches each pair of parentheses takes nine times as long: 9^40 runs.
    let deep = format!("{}x{}", "(".repeat(40), ")".repeat(40));
    let (_, runs) = parse(&deep).expect("an atom");
    println!("{} bytes, {runs} runs of `atom`", deep.len());
    assert_eq!(runs, 41);
}
