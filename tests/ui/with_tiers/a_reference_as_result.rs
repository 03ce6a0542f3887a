// errors: 3
use memofn::memoize;

#[memoize(disk)]
fn name(n: u32) -> &'static str {
    if n == 0 { "none" } else { "some" }
}

#[memoize(disk)]
fn parts(n: u32) -> Result<Vec<&'static str>, String> {
    Err(n.to_string())
}

#[memoize(disk, err_ttl = "1s")]
fn failing(n: u32) -> Result<u32, &'static str> {
    Ok(n)
}

// The error is not kept.
#[memoize(disk)]
fn fine(n: u32) -> Result<u32, &'static str> {
    Ok(n)
}

fn main() {
    let _ = (name(1), parts(1), failing(1), fine(1));
}
