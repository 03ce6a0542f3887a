use memofn::memoize;
use std::time::Duration;

#[memoize(ttl = |token| Duration::from_secs(token.len() as u64 * hours))]
fn token(user: &str, hours: u64) -> String {
    user.repeat(hours as usize)
}

fn main() {
    token("Ada", 2);
}
