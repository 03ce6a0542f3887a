use memofn::memoize;

mod tree {
    #[allow(non_camel_case_types)]
    #[derive(Clone, PartialEq, Eq, Hash)]
    pub struct node(pub u32);
}
use tree::*;

#[memoize]
fn node(id: u32) -> Vec<node> {
    vec![tree::node(id)]
}

#[memoize]
fn std(id: u32) -> std::time::Duration {
    std::time::Duration::from_secs(id.into())
}

#[memoize]
#[allow(non_snake_case)]
fn String(id: u32) -> u32 {
    id
}

fn main() {
    (node(3), std(3), String(3));
}

// errors: 3
