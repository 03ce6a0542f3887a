use memofn::memoize;
use std::time::Duration;

fn valid(token: &String) -> Duration {
    Duration::from_secs(token.len() as u64)
}

#[memoize(ttl = valid)]
fn token(user: &str) -> String {
    user.to_owned()
}

fn main() {
    token("Ada");
}
