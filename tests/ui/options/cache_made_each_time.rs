use memofn::memoize;

#[memoize(cache = memofn::Cache::new(128))]
fn user(id: u64) -> String {
    id.to_string()
}

fn main() {
    user(3);
}
