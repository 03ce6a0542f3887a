use memofn::versioned;

#[versioned]
type Table = [u8; 2];

fn main() {}
