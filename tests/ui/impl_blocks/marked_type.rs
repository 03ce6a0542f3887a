use memofn::memoize;

trait Load {
    type Page;
    fn load(path: &str) -> Self::Page;
}

struct Client;

#[memoize]
impl Load for Client {
    #[memoize]
    type Page = String;

    fn load(path: &str) -> Self::Page {
        path.to_owned()
    }
}

fn main() {
    Client::load("three");
}
