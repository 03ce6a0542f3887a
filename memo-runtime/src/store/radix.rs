//! The rule of a radix heap (R. Ahuja and others, "Faster Algorithms for the Shortest Path Problem", 1990).
//!
//! No number is ever filed that is less than the last one taken out. So it is enough to sort the nearest numbers. Lists
//! of numbers that share their upper bits serve for the rest.
//!
//! This says which list a number belongs to, and which lists are filled. It must not know what is in the lists.

use std::ops::RangeInclusive;

/// The last number, and which lists are filled.
#[derive(Debug, Default)]
pub(crate) struct Radix {
    last: u64,
    /// A bit for each list but the first.
    filled: u64,
}

impl Radix {
    /// The first list holds the last number alone. Numbers are in the others by how many of their lower bits differ from it.
    pub(crate) const LISTS: usize = 65;

    /// No number that is filed is less.
    pub(crate) fn last(&self) -> u64 {
        self.last
    }

    /// The list of a number.
    #[inline]
    pub(crate) fn list_of(&self, number: u64) -> usize {
        (u64::BITS - (number ^ self.last).leading_zeros()) as usize
    }

    /// Notes that there is something in a list.
    #[inline]
    pub(crate) fn mark_filled(&mut self, list: usize) {
        if list > 0 {
            self.filled |= 1 << (list - 1);
        }
    }

    /// Notes that there is nothing in a list.
    pub(crate) fn mark_empty(&mut self, list: usize) {
        if list > 0 {
            self.filled &= !(1 << (list - 1));
        }
    }

    /// The list with the least numbers, after the first list.
    pub(crate) fn nearest(&self) -> Option<usize> {
        (self.filled != 0).then(|| self.filled.trailing_zeros() as usize + 1)
    }

    /// The numbers that belong to a list.
    pub(crate) fn range(&self, list: usize) -> RangeInclusive<u64> {
        let Some(bit) = list.checked_sub(1) else { return self.last..=self.last };
        let lower = (1 << bit) - 1;
        let least = (self.last | 1 << bit) & !lower;
        least..=least | lower
    }

    /// A greater last number. The caller files the numbers of its list anew; those of later lists stay where they are.
    pub(crate) fn advance(&mut self, last: u64) {
        self.last = last;
    }
}
