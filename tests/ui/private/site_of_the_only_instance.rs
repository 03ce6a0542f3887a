//! A site tells its caches apart by what it is for.

use memofn::__private::{CacheBuilder, Only, Site, SharedSlot, scope::Shared, site};

static SLOT: SharedSlot = SharedSlot::new("mine");

fn main() {
    let _: Site<Only, Shared> = site::<Only>(&SLOT, CacheBuilder::new, Only(()));
}
