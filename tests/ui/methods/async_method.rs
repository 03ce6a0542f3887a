use memofn::memoize;

struct Client;

impl Client {
    #[memoize(skip(self))]
    async fn user(&self, id: u64) -> String {
        id.to_string()
    }
}

fn main() {
    drop(Client.user(3));
}
