use memofn::versioned;

#[versioned]
trait Read {
    fn read(&self) -> u8;
}

fn main() {}
