use memofn::memoize;

#[memoize(ttl = |user, token| std::time::Duration::from_secs(60))]
fn token(user: &str) -> String {
    user.to_owned()
}

fn main() {
    token("Ada");
}
