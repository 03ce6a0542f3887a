use memofn::memoize;

#[derive(Clone, PartialEq, Eq, Hash)]
struct User {
    name: String,
}

impl User {
    #[memoize]
    fn first_name(&self) -> &str {
        self.name.split(' ').next().unwrap_or(&self.name)
    }
}

fn main() {
    User { name: "Ada Lovelace".to_owned() }.first_name();
}
