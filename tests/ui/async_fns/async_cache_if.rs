use memofn::memoize;

async fn is_good(page: &String) -> bool {
    !page.is_empty()
}

#[memoize(cache_if = is_good)]
async fn page(id: u64) -> String {
    id.to_string()
}

fn main() {
    drop(page(3));
}
