//! Only the runtime implements `Instance`. Unsafe code relies on this.

use memofn::__private::Instance;

struct Mine;

impl Instance for Mine {
    const IS_ONLY: bool = true;
}

fn main() {}
