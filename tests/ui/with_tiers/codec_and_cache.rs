use memofn::memoize;

use memofn::Cache;
use std::sync::LazyLock;

struct Json;

static PAGES: LazyLock<Cache<String, String>> = LazyLock::new(|| Cache::new(8));

#[memoize(cache = PAGES, codec = Json)]
fn page(url: String) -> String {
    url
}

fn main() {}
