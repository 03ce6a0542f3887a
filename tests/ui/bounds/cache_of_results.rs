use memofn::{Cache, memoize};
use std::num::ParseIntError;

struct Client {
    users: Cache<String, Result<u64, ParseIntError>>,
}

impl Client {
    #[memoize(cache = self.users)]
    fn user(&self, id: &str) -> Result<u64, ParseIntError> {
        id.parse()
    }
}

fn main() {
    Client { users: Cache::default() }.user("3").unwrap();
}

// repeats: 2
