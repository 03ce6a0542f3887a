use memofn::memoize;

#[memoize]
enum Color {
    Red,
}

fn main() {
    let _ = Color::Red;
}
