use memofn::memoize;

#[memoize(ttl = |token| token.len() as u64)]
fn token(user: &str) -> String {
    user.to_owned()
}

fn main() {
    token("Ada");
}
