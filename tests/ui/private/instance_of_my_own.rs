//! What an instantiation says of itself is relied upon: nobody else can say so.

use memofn::__private::Instance;

struct Mine;

impl Instance for Mine {
    const IS_ONLY: bool = true;
}

fn main() {}
