use memofn::memoize;

#[memoize(key = city.trim())]
fn temperature(city: &str) -> f64 {
    city.len() as f64
}

fn main() {
    temperature("Oslo");
}
