use memofn::{Cache, memoize};

struct Client {
    users: Cache<u64, String>,
}

impl Client {
    #[memoize(tti = "1m", cache = self.users)]
    fn user(&self, id: u64) -> String {
        id.to_string()
    }
}

fn main() {
    Client { users: Cache::default() }.user(3);
}
