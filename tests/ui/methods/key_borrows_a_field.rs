use memofn::memoize;

struct User {
    name: String,
}

impl User {
    #[memoize(key = self.name.as_str())]
    fn greeting(&self) -> String {
        format!("Hi {}", self.name)
    }
}

fn main() {
    User { name: "Ada".to_owned() }.greeting();
}
