//! Keys, and the loop that calls with them.

use crate::contestants::contestant::Contestant;
use crate::contestants::text::Text;
use std::hint::black_box;

pub(super) fn numbers() -> Vec<u64> {
    (0..256).collect()
}

pub(super) fn texts() -> Vec<Text> {
    (0..256).map(|number| (format!("city number {number}"), number % 7)).collect()
}

/// Calls with one key after the other, from `start` on and around.
pub(super) fn drive<C: Contestant>(keys: &[C::Key], start: usize, calls: u64) {
    let (before, after) = keys.split_at(start);
    let mut left = calls;
    loop {
        for part in [after, before] {
            for key in part {
                if left == 0 {
                    return;
                }
                left -= 1;
                black_box(C::call(black_box(key)));
            }
        }
    }
}
