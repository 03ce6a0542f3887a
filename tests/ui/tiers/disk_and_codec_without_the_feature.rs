use memofn::memoize;

struct Json;

#[memoize(disk = "target/pages", codec = Json)]
fn page(url: String) -> String {
    url
}

fn main() {}
