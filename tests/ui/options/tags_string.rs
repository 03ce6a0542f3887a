use memofn::memoize;

#[memoize(tags = "users")]
fn user(id: u64) -> String {
    id.to_string()
}

fn main() {
    user(3);
}
