use memofn::versioned;

#[versioned]
const _: u8 = 1;

fn main() {}
