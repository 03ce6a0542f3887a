use memofn::{Cache, memoize};

struct Client {
    users: Cache<u64, String>,
}

#[memoize]
impl Client {
    #[memoize(cache = self.users)]
    fn user(id: u64) -> String {
        id.to_string()
    }
}

fn main() {
    let _ = Client { users: Cache::default() }.users;
    Client::user(3);
}
