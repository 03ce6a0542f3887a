//! The error messages about tiers. The cases in `tests/ui.rs` need no feature, and these do.
//!
//! After a change of messages, run `TRYBUILD=overwrite cargo test --features disk,redis --test ui_tiers` and read the diff.
#![cfg(all(feature = "disk", feature = "redis"))]

#[path = "common/compiler.rs"]
mod compiler;

use trybuild::TestCases;

#[test]
fn every_mistake_about_a_tier_is_explained() {
    if compiler::is_pinned() {
        TestCases::new().compile_fail("tests/ui/with_tiers/*.rs");
    }
}
