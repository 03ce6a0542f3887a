use memofn::memoize;

use memofn::Cache;
use std::sync::LazyLock;

static PAGES: LazyLock<Cache<String, String>> = LazyLock::new(|| Cache::new(8));
static SHELF: u8 = 1;

#[memoize(cache = PAGES, tier = SHELF)]
fn page(url: String) -> String {
    url
}

fn main() {}
