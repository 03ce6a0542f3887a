use memofn::{Cache, memoize};

struct Client {
    users: Cache<&'static str, usize>,
}

impl Client {
    #[memoize(cache = self.users)]
    fn user(&self, name: &str) -> usize {
        name.len()
    }
}

fn main() {
    Client { users: Cache::default() }.user("three");
}

// repeats: 2
