//! Only the runtime implements `Instance`: unsafe code relies on it.

use memofn::__private::Instance;

struct Mine;

impl Instance for Mine {
    const IS_ONLY: bool = true;
}

fn main() {}
