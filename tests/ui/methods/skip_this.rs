use memofn::memoize;

struct Client;

impl Client {
    #[memoize(skip(this))]
    fn user(&self, id: u64) -> String {
        id.to_string()
    }
}

fn main() {
    Client.user(3);
}
