use memofn::memoize;

trait Load {
    type Page;
    fn load(&self, path: &str) -> Self::Page;
}

struct Page {
    text: String,
}

struct Client;

#[memoize]
impl Load for Client {
    type Page = Page;

    #[memoize(skip(self))]
    fn load(&self, path: &str) -> Self::Page {
        Page { text: path.to_owned() }
    }
}

fn main() {
    let _ = Client.load("three").text;
}

// repeats: 3
