use memofn::memoize;

async fn load(id: u64) -> String {
    id.to_string()
}

#[memoize(tags = [load(id).await])]
async fn user(id: u64) -> String {
    id.to_string()
}

fn main() {
    drop(user(3));
}
