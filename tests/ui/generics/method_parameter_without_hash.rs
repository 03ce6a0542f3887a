use memofn::memoize;

struct Client;

impl Client {
    #[memoize(skip(self))]
    fn text<T: ToString + Clone + Eq + Send + Sync + 'static>(&self, item: T) -> String {
        item.to_string()
    }
}

fn main() {
    Client.text(3);
}
