use memofn::memoize;

async fn account(id: u64) -> u64 {
    id
}

#[memoize(key = account(id).await)]
async fn page(id: u64) -> String {
    id.to_string()
}

fn main() {
    drop(page(3));
}
