use memofn::memoize;

#[derive(Clone, PartialEq, Eq, Hash)]
struct Id(u64);

struct User {
    id: Id,
}

#[memoize(disk, key = user.id)]
fn page(user: &User) -> String {
    user.id.0.to_string()
}

fn main() {}
