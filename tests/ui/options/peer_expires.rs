use memofn::memoize;

#[memoize(expires = true)]
fn token(user: &str) -> String {
    user.to_owned()
}

fn main() {
    token("Ada");
}
