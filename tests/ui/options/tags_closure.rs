use memofn::memoize;

#[memoize(tags = |id| [format!("user:{id}")])]
fn user(id: u64) -> String {
    id.to_string()
}

fn main() {
    user(3);
}
