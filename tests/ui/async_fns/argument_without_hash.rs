use memofn::memoize;

#[derive(Clone, PartialEq, Eq)]
struct Id(u64);

#[memoize]
async fn page(id: Id) -> String {
    id.0.to_string()
}

fn main() {
    drop(page(Id(3)));
}
