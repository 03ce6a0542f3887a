use memofn::memoize;

#[memoize(result = true)]
fn parsed(text: &str) -> Result<u64, std::num::ParseIntError> {
    text.parse()
}

fn main() {
    parsed("3").unwrap();
}
