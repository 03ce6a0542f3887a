use memofn::{Cache, memoize};
use std::rc::Rc;

struct Client {
    users: Cache<u64, Rc<str>>,
}

impl Client {
    #[memoize(cache = self.users, tags = ["users"])]
    fn user(&self, id: u64) -> Rc<str> {
        id.to_string().into()
    }
}

fn main() {
    Client { users: Cache::default() }.user(3);
}

// repeats: 2
