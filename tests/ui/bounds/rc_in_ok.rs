use memofn::memoize;
use std::io;
use std::rc::Rc;

#[memoize]
fn contents(path: &str) -> io::Result<Rc<str>> {
    std::fs::read_to_string(path).map(Rc::from)
}

fn main() {
    let _ = contents("three");
}
