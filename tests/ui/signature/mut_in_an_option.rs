use memofn::memoize;

#[memoize]
fn total(items: &[u64], log: Option<&mut Vec<String>>) -> u64 {
    if let Some(log) = log {
        log.push("total".to_owned());
    }
    items.iter().sum()
}

fn main() {
    total(&[3], None);
}
