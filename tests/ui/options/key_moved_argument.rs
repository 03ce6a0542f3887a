use memofn::memoize;

#[memoize(key = name)]
fn greeting(name: String, polite: bool) -> String {
    if polite { format!("Good morning, {name}.") } else { format!("Hello, {name}!") }
}

fn main() {
    greeting("Ada".to_owned(), true);
}
