use memofn::memoize;

#[memoize(key = city.as_str())]
fn temperature(city: String) -> f64 {
    city.len() as f64
}

fn main() {
    temperature("Oslo".to_owned());
}
