use memofn::memoize;

struct Report {
    lines: u64,
}

#[memoize]
fn report(lines: u64) -> Report {
    Report { lines }
}

fn main() {
    let _ = report(3).lines;
}
