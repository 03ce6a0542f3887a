use memofn::memoize;

#[memoize]
fn area(width: u64, label: &str) -> u64 {
    width * label.len() as u64
}

fn main() {
    area(2, "ab");
    area::cache_peek("2", "ab");
    area::cache_remove(2);
    area::cache_insert(2, "ab", "4");
    area::cache_look(2, "ab");
}

// errors: 4
