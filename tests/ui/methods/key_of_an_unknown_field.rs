use memofn::memoize;

struct User {
    name: String,
}

impl User {
    #[memoize(key = self.id)]
    fn greeting(&self) -> String {
        format!("Hi {}", self.name)
    }
}

fn main() {
    User { name: "Ada".to_owned() }.greeting();
}

// repeats: 4
