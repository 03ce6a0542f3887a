use super::*;
use crate::entry::entry::EntryPtr;
use crate::scope::scope::Thread;
use std::cmp::Reverse;

#[test]
fn the_victim_is_the_entry_with_the_least_stamp() {
    let mut lru = Lru::default();
    let mut random = 1_u64;
    let (mut owners, mut entries) = (Vec::new(), Vec::new());
    for now in 1..if cfg!(miri) { 300 } else { 10_000 } {
        random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        let any = |entries: &[_]| (random >> 33) as usize % entries.len();
        let stamp = |entry: &EntryRef| entry.stamp.load(Relaxed);
        match (random >> 10) % 8 {
            0 | 1 => {
                entries.sort_by_key(|entry: &EntryRef| Reverse(stamp(entry)));
                assert_eq!(lru.victim(100 * now), entries.pop());
            }
            2 if !entries.is_empty() => {
                lru.remove(entries.swap_remove(any(&entries)));
            }
            3..5 if !entries.is_empty() => {
                // Several may be used at a time.
                entries[any(&entries)].stamp.store(100 * now + random % 2, Relaxed);
            }
            _ => {
                let entry = EntryPtr::<Thread>::without_key(0);
                let new = entry.entry_ref();
                owners.push(entry);
                new.stamp.store(100 * now + 2, Relaxed);
                new.store(100 * now + 2);
                lru.insert(new);
                entries.push(new);
            }
        }
    }
    for owner in &owners {
        owner.unfile();
    }
}

/// A thread that is suspended in the middle of a hit stores an old stamp when it goes on.
#[test]
fn a_stamp_that_goes_backwards_leaves_the_order_of_the_others_alone() {
    let mut lru = Lru::default();
    let owners: Vec<_> = (0..8).map(|_| EntryPtr::<Thread>::without_key(0)).collect();
    for (owner, stamp) in owners.iter().zip(10_u64..) {
        owner.stamp.store(stamp, Relaxed);
        owner.store(stamp);
        lru.insert(owner.entry_ref());
    }
    let use_at = |at: usize, stamp| owners[at].stamp.store(stamp, Relaxed);
    for (at, stamp) in [(0, 100), (1, 200), (2, 300)] {
        use_at(at, stamp);
    }
    assert_eq!(lru.victim(400), Some(owners[3].entry_ref()));
    for (at, stamp) in [(0, 1), (1, 2), (2, 3), (4, 0)] {
        use_at(at, stamp);
    }
    lru.remove(owners[1].entry_ref());
    let popped = std::iter::from_fn(|| lru.victim(400));
    assert!(popped.eq([4, 5, 6, 7, 0, 2].map(|at| owners[at].entry_ref())));
    for owner in &owners {
        owner.unfile();
    }
}
