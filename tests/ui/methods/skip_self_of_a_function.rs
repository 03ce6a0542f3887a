use memofn::memoize;

struct Client;

#[memoize(skip(self))]
fn user(client: &Client, id: u64) -> String {
    let _ = client;
    id.to_string()
}

fn main() {
    user(&Client, 3);
}
