use memofn::memoize;

use memofn::Cache;
use std::sync::LazyLock;

static PAGES: LazyLock<Cache<String, String>> = LazyLock::new(|| Cache::new(8));

#[memoize(cache = PAGES, disk)]
fn page(url: String) -> String {
    url
}

fn main() {}
