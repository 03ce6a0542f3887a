use memofn::memoize;
use std::rc::Rc;

#[memoize]
async fn page(id: u64) -> Rc<str> {
    id.to_string().into()
}

fn main() {
    drop(page(3));
}
