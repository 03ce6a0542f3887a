use memofn::memoize;
use std::io;

struct Report {
    lines: u64,
}

#[memoize]
fn report(lines: u64) -> io::Result<Report> {
    Ok(Report { lines })
}

fn main() {
    let _ = report(3).map(|report| report.lines);
}
