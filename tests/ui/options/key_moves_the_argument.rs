use memofn::memoize;

#[memoize(key = name.into_bytes())]
fn greeting(name: String) -> String {
    format!("Hello, {name}!")
}

fn main() {
    greeting("Ada".to_owned());
}

// repeats: 2
