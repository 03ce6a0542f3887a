//! To make one by hand takes an `unsafe` of one's own.

#![forbid(unsafe_code)]

use memofn::__private::{Single, Slot, scope::Shared};

static SLOT: Slot = Slot::new("mine");

fn main() {
    let _: Single<u8, u8, Shared> = Single::new(&SLOT);
}
