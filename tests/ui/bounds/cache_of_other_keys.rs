use memofn::{Cache, memoize};

struct Client {
    users: Cache<u32, String>,
}

impl Client {
    #[memoize(cache = self.users)]
    fn user(&self, id: u64) -> String {
        id.to_string()
    }
}

fn main() {
    Client { users: Cache::default() }.user(3);
}

// repeats: 2
