use memofn::memoize;

#[memoize]
async fn page(id: u64) -> String {
    id.to_string()
}

fn main() {
    let page: String = page(3);
    let refreshed: String = page::cache_refresh(3);
    drop((page, refreshed));
}

// errors: 2
