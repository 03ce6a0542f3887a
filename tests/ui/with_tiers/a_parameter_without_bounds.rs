use memofn::memoize;

#[memoize(disk)]
fn page<T>(url: T) -> Vec<T> {
    vec![url]
}

fn main() {}
