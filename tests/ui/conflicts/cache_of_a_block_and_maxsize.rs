use memofn::{Cache, memoize};

struct Client {
    users: Cache<u64, u64>,
}

#[memoize(cache = self.users)]
impl Client {
    #[memoize(maxsize = 10)]
    fn user(&self, id: u64) -> u64 {
        id
    }
}

fn main() {}
