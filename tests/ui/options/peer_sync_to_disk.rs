use memofn::memoize;

#[memoize(sync_to_disk_on_cache_change = true)]
fn page(url: String) -> String {
    url
}

fn main() {}
