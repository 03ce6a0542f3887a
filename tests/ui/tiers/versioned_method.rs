use memofn::versioned;

struct Table(u8);

impl Table {
    #[versioned]
    fn get(&self) -> u8 {
        self.0
    }
}

fn main() {}
