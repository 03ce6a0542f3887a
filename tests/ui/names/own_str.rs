use memofn::memoize;

#[allow(non_camel_case_types)]
type str = String;

#[memoize]
fn length(text: str) -> usize {
    text.len()
}

fn main() {}
