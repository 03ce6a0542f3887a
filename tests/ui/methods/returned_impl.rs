use memofn::memoize;

#[derive(Clone, PartialEq, Eq, Hash)]
struct Range {
    end: u64,
}

impl Range {
    #[memoize]
    fn values(&self) -> impl Iterator<Item = u64> + use<> {
        0..self.end
    }
}

fn main() {
    Range { end: 3 }.values().count();
}
