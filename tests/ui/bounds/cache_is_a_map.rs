use memofn::memoize;
use std::collections::HashMap;

struct Client {
    users: HashMap<u64, String>,
}

impl Client {
    #[memoize(cache = self.users)]
    fn user(&self, id: u64) -> String {
        id.to_string()
    }
}

fn main() {
    Client { users: HashMap::new() }.user(3);
}

// repeats: 2
