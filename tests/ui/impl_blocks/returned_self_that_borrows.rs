use memofn::memoize;

#[derive(Clone)]
struct Words<'t>(&'t str);

#[memoize]
impl<'t> Words<'t> {
    #[memoize(key = self.0.to_owned())]
    fn first(&self) -> Option<Self> {
        self.0.split(' ').next().map(Words)
    }
}

fn main() {
    let _ = Words("one two").first().map(|word| word.0);
}
