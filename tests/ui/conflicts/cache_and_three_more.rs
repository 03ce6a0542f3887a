use memofn::{Cache, memoize};

struct Client {
    users: Cache<u64, String>,
}

impl Client {
    #[memoize(cache = self.users, maxsize = 128, ttl = "1h", name = "users")]
    fn user(&self, id: u64) -> String {
        id.to_string()
    }
}

fn main() {
    Client { users: Cache::default() }.user(3);
}

// errors: 3
