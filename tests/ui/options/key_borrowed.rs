use memofn::memoize;

#[memoize(key = city)]
fn length(city: &str, country: &str) -> usize {
    city.len() + country.len()
}

fn main() {
    length("Oslo", "Norway");
}
