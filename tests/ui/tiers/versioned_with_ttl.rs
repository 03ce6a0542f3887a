use memofn::versioned;

#[versioned(ttl = "1h")]
const TABLE: [u8; 2] = [1, 2];

fn main() {}
