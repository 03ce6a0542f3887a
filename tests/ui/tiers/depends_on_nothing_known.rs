use memofn::memoize;

#[memoize(depends(tables::RATES))]
fn page(url: String) -> String {
    url
}

fn main() {}
