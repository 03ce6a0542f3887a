use memofn::memoize;

struct User {
    name: String,
}

#[memoize(key = user.name)]
fn greeting(user: User) -> String {
    format!("Hello, {}!", user.name)
}

fn main() {
    greeting(User { name: "Ada".to_owned() });
}
