// errors: 2
use memofn::memoize;

#[derive(PartialEq, Eq, Hash)]
struct Shop {
    name: String,
}

impl Shop {
    #[memoize(ttl = "10m", refresh_after = "8m")]
    fn price(&self, article: &str) -> usize {
        self.name.len() + article.len()
    }
}

fn main() {
    Shop { name: String::new() }.price("milk");
}
