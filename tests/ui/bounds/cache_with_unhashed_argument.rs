use memofn::{Cache, memoize};

#[derive(Clone, PartialEq, Eq)]
struct Id(u64);

struct Client {
    users: Cache<Id, String>,
}

impl Client {
    #[memoize(cache = self.users)]
    fn user(&self, id: Id) -> String {
        id.0.to_string()
    }
}

fn main() {}

// repeats: 2
