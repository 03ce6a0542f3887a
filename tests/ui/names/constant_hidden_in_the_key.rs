use memofn::memoize;

macro_rules! counted {
    ($n:expr) => {
        ($n, N)
    };
}

const N: usize = 3;

#[memoize(key = counted!(n))]
fn numbered<const N: usize>(n: u64, _by: [u8; N]) -> u64 {
    n
}

fn main() {
    let _ = N;
}
