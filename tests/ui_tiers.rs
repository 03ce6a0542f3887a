//! The error messages about tiers. `tests/ui.rs` has all others: they need no feature.
//!
//! After a change of messages, run `TRYBUILD=overwrite cargo test --features disk --test ui_tiers` and read the diff.
#![cfg(feature = "disk")]

use trybuild::TestCases;

mod common;

#[test]
fn every_mistake_about_a_tier_is_explained() {
    if common::rustc_is_pinned() {
        TestCases::new().compile_fail("tests/ui/with_tiers/*.rs");
    }
}
