//! A slot for one cache cannot be made without `unsafe`.

#![forbid(unsafe_code)]

use memofn::__private::{OnlySlot, SharedSlot, scope::Shared};

static SLOT: SharedSlot = SharedSlot::new("mine");

fn main() {
    let _: OnlySlot<u8, u8, Shared> = OnlySlot::new(&SLOT);
}
