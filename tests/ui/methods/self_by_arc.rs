use memofn::memoize;
use std::sync::Arc;

struct Document {
    text: String,
}

impl Document {
    #[memoize]
    fn words(self: Arc<Self>) -> usize {
        self.text.split(' ').count()
    }
}

fn main() {
    Arc::new(Document { text: "one two".into() }).words();
}
