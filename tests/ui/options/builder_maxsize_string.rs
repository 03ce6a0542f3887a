use memofn::Cache;

struct Directory {
    users: Cache<u32, String>,
}

fn main() {
    let directory = Directory { users: Cache::builder().maxsize("9").build() };
    directory.users.clear();
}
