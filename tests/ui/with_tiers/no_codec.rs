use memofn::memoize;

struct Json;

#[memoize(disk, codec = Json)]
fn page(url: String) -> String {
    url
}

fn main() {}
