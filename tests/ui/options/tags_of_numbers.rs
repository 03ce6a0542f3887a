use memofn::memoize;

#[memoize(tags = ids.iter().map(|id| id + 1))]
fn user(ids: &[u64]) -> String {
    ids.len().to_string()
}

fn main() {
    user(&[3]);
}

// repeats: 3
