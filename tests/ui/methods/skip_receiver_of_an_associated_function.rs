use memofn::memoize;

struct Client;

#[memoize]
impl Client {
    #[memoize(skip(self))]
    fn user(id: u64) -> String {
        id.to_string()
    }
}

fn main() {
    Client::user(3);
}
