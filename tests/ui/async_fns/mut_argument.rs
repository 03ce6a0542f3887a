use memofn::memoize;

#[memoize]
async fn logged(id: u64, log: &mut Vec<u64>) -> u64 {
    log.push(id);
    id
}

fn main() {
    drop(logged(3, &mut Vec::new()));
}
