use memofn::memoize;

struct Json;

#[memoize(codec = Json)]
fn page(url: String) -> String {
    url
}

fn main() {}
