use memofn::memoize;

#[memoize(serializer = Json)]
fn page(url: String) -> String {
    url
}

fn main() {}
