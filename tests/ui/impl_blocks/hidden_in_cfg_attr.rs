use memofn::memoize;

struct Client;

#[memoize]
impl Client {
    #[cfg_attr(all(), memoize)]
    fn user(id: u64) -> u64 {
        id
    }
}

fn main() {}
