use memofn::memoize;

struct Client;

#[memoize(skip(self), key = id)]
impl Client {
    #[memoize]
    fn user(&self, id: u64) -> String {
        id.to_string()
    }
}

fn main() {
    Client.user(3);
}
