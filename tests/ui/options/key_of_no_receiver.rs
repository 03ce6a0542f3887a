use memofn::memoize;

#[memoize(key = self.id, tags = [self.name])]
fn user(id: u64) -> String {
    id.to_string()
}

fn main() {
    user(3);
}

// errors: 2
