use memofn::versioned;

#[versioned("2")]
const TABLE: [u8; 2] = [1, 2];

fn main() {}
