use memofn::memoize;

trait Load {
    fn load(&self, path: &str) -> String;
    fn first(&self, path: &str) -> Option<&str>;
}

struct Client {
    text: String,
}

#[memoize(scope = "local")]
impl Load for Client {
    #[memoize(skip(self))]
    fn load(&self, path: &str) -> String {
        path.to_owned()
    }

    #[memoize(skip(self))]
    fn first(&self, path: &str) -> Option<&str> {
        self.text.split(path).next()
    }
}

fn main() {
    let client = Client { text: String::new() };
    client.load("three");
    client.first("three");
}

// errors: 2
