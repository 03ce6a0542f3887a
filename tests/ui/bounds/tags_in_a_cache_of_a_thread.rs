use memofn::{Cache, memoize, scope::Thread};

struct Client {
    users: Cache<u64, String, Thread>,
}

impl Client {
    #[memoize(cache = self.users, tags = [format!("user:{id}")])]
    fn user(&self, id: u64) -> String {
        id.to_string()
    }
}

fn main() {
    Client { users: Cache::builder().build_for_thread() }.user(3);
}

// repeats: 2
