//! A site with several caches needs a type that tells them apart.

use memofn::__private::{CacheBuilder, OnlyInstance, Site, SharedSlot, scope::Shared, site};

static SLOT: SharedSlot = SharedSlot::new("mine");

fn main() {
    let _: Site<OnlyInstance, Shared> = site::<OnlyInstance>(&SLOT, CacheBuilder::new, OnlyInstance(()));
}

// errors: 2
