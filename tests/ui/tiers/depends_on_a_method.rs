use memofn::memoize;

struct Table(u64);

impl Table {
    fn get(&self) -> u64 {
        self.0
    }
}

#[memoize(depends(Table::get))]
fn twice(n: u64) -> u64 {
    2 * Table(n).get()
}

fn main() {}
