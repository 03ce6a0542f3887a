use memofn::memoize;

struct Shelf;

static SHELF: Shelf = Shelf;

#[memoize(tier = SHELF)]
fn page(url: String) -> String {
    url
}

fn main() {}
