use memofn::memoize;

#[memoize(key = (city, country.len()))]
fn length(city: &str, country: &str) -> usize {
    city.len() + country.len()
}

fn main() {
    length("Oslo", "Norway");
}
