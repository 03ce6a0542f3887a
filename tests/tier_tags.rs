//! A tag that is invalidated in the whole process reaches tiers of functions that were not called yet.
//!
//! It outdates the runs of all caches that have a tier, so this test has a process of its own.
#![cfg(feature = "tier")]

mod common;

use common::map_tier::MapTier;
use common::tiers::tiers_are_on;
use memofn::memoize;
use std::sync::LazyLock;

static BEFORE: LazyLock<MapTier> = LazyLock::new(MapTier::default);
static AFTER: LazyLock<MapTier> = LazyLock::new(MapTier::default);

#[memoize(tier = BEFORE, version = 1, name = "restarted", tags = ["restarted"])]
fn before_restart(n: u64) -> u64 {
    n
}

#[memoize(tier = AFTER, version = 1, name = "restarted", tags = ["restarted"])]
fn after_restart(n: u64) -> u64 {
    n + 100
}

#[test]
fn a_tag_is_invalidated_for_a_function_that_was_not_called_yet() {
    tiers_are_on();
    assert_eq!(before_restart(1), 1);
    let records = BEFORE.lock().records.clone();
    assert_eq!(records.len(), 1);
    AFTER.lock().records = records;
    memofn::invalidate_tag("restarted");
    assert_eq!(after_restart(1), 101);
}
