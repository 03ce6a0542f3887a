//! A cache that its tier tells of what other processes change.
//!
//! An entry has one more tag for that: the digest of its key. A cache does not hear of its own changes.

use crate::base::catch_panic::catch_panic;
use crate::engine::below::{Above, OWN_TAG};
use crate::tier::tier::FirstLevel;
use std::cell::Cell;
use std::ptr;
use std::sync::Weak;

/// The tag of an entry by which its tier tells of changes.
pub(super) fn tag_of(digest: u128) -> String {
    format!("{OWN_TAG}{digest:032x}")
}

/// The caches that a thread tells nothing at the moment.
#[derive(Debug, Clone, Copy)]
pub(super) enum Quiet {
    Nobody,
    One(*const Follower),
    All,
}

thread_local! {
    static QUIET: Cell<Quiet> = const { Cell::new(Quiet::Nobody) };
}

pub(super) fn quietly(who: Quiet, call: impl FnOnce()) {
    let before = QUIET.replace(who);
    call();
    QUIET.set(before);
}

/// A cache that its tier tells of changes.
pub(super) struct Follower(pub(super) Weak<dyn Above>);

impl Follower {
    fn is_quiet(&self) -> bool {
        match QUIET.get() {
            Quiet::Nobody => false,
            Quiet::One(follower) => ptr::eq(follower, self),
            Quiet::All => true,
        }
    }
}

impl FirstLevel for Follower {
    fn forget(&self, digest: u128) {
        catch_panic(|| {
            if let Some(cache) = self.0.upgrade().filter(|_| !self.is_quiet()) {
                cache.forget_tagged(&tag_of(digest));
            }
        });
    }

    fn forget_all(&self) {
        catch_panic(|| {
            if let Some(cache) = self.0.upgrade().filter(|_| !self.is_quiet()) {
                cache.forget_entries();
            }
        });
    }
}
