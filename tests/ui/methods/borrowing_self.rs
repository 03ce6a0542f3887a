use memofn::memoize;

#[derive(Clone, PartialEq, Eq, Hash)]
struct Parser<'a> {
    text: &'a str,
}

impl<'a> Parser<'a> {
    #[memoize]
    fn words(&self) -> usize {
        self.text.split(' ').count()
    }
}

fn main() {
    Parser { text: "one two" }.words();
}
