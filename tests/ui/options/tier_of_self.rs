use memofn::memoize;

struct Client {
    tier: u8,
}

impl Client {
    #[memoize(skip(self), tier = &self.tier)]
    fn page(&self, url: String) -> String {
        url
    }
}

fn main() {}
