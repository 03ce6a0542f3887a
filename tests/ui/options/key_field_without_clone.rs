use memofn::memoize;

#[derive(PartialEq, Eq, Hash)]
struct Id(u64);

struct User {
    id: Id,
}

#[memoize(key = user.id)]
fn name(user: &User) -> String {
    user.id.0.to_string()
}

fn main() {
    name(&User { id: Id(3) });
}

// repeats: 4
