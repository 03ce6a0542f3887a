use memofn::memoize;

static SHELF: u8 = 1;

#[memoize(scope = "thread", tier = SHELF)]
fn page(url: String) -> String {
    url
}

fn main() {}
