use memofn::memoize;

#[memoize(tags = [format!("user:{id}"), id])]
fn user(id: u64) -> String {
    id.to_string()
}

fn main() {
    user(3);
}

// repeats: 3
