use memofn::{Cache, memoize};

struct Caches {
    users: Cache<u64, String>,
}

#[memoize(cache = caches.users)]
fn user(id: u64) -> String {
    id.to_string()
}

fn main() {
    let _ = Caches { users: Cache::default() }.users;
    user(3);
}
