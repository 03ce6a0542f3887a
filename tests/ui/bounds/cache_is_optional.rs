use memofn::{Cache, memoize};

struct Client {
    users: Option<Cache<u64, String>>,
}

impl Client {
    #[memoize(cache = self.users)]
    fn user(&self, id: u64) -> String {
        id.to_string()
    }
}

fn main() {
    Client { users: None }.user(3);
}

// repeats: 2
