//! The rule of a radix heap (R. Ahuja and others, "Faster Algorithms for the Shortest Path Problem", 1990).
//!
//! No number is ever filed that is less than the last one taken out. So it is enough to sort the nearest numbers. Lists
//! of numbers that share their upper digits serve for the rest.
//!
//! This says which list a number belongs to, and which lists are filled. It must not know what is in the lists.

use std::ops::RangeInclusive;

/// The last number, and which lists are filled. A digit has so many `BITS`. With larger digits a number moves less often, and
/// there are more lists. There is a bit for each list in the `WORDS`.
#[derive(Debug)]
pub(crate) struct Radix<const BITS: u32, const WORDS: usize> {
    last: u64,
    /// A bit for each list but the first.
    filled: [u64; WORDS],
}

/// A number moves 64 times at most.
pub(crate) type BinaryRadix = Radix<1, 1>;

/// A number moves 11 times at most.
pub(crate) type WideRadix = Radix<6, 11>;

impl<const BITS: u32, const WORDS: usize> Radix<BITS, WORDS> {
    /// The greatest digit. It is also the number of lists for each place: a digit that differs from the last number's is greater
    /// than that, and so it is not 0.
    const MOST: u64 = (1 << BITS) - 1;

    /// The first list holds the last number alone. Numbers are in the others by the highest digit that differs from it: by its
    /// place, and then by its value.
    #[expect(clippy::cast_possible_truncation, reason = "digits are small")]
    pub(crate) const LISTS: usize = 1 + u64::BITS.div_ceil(BITS) as usize * Self::MOST as usize;

    const FIT: () = assert!(Self::LISTS <= 1 + WORDS * 64);

    /// No number that is filed is less.
    pub(crate) fn last(&self) -> u64 {
        self.last
    }

    /// The list of a number.
    #[inline]
    #[expect(clippy::cast_possible_truncation, reason = "digits are small")]
    pub(crate) fn list_of(&self, number: u64) -> usize {
        let differs = number ^ self.last;
        if differs == 0 {
            return 0;
        }
        let place = differs.ilog2() / BITS;
        let digit = number >> (place * BITS) & Self::MOST;
        place as usize * Self::MOST as usize + digit as usize
    }

    /// Notes that there is something in a list.
    #[inline]
    pub(crate) fn mark_filled(&mut self, list: usize) {
        if let Some(at) = list.checked_sub(1) {
            self.filled[at / 64] |= 1 << (at % 64);
        }
    }

    /// Notes that there is nothing in a list.
    pub(crate) fn mark_empty(&mut self, list: usize) {
        if let Some(at) = list.checked_sub(1) {
            self.filled[at / 64] &= !(1 << (at % 64));
        }
    }

    /// The list with the least numbers, after the first list.
    pub(crate) fn nearest(&self) -> Option<usize> {
        let (word, filled) = self.filled.iter().enumerate().find(|(_, filled)| **filled != 0)?;
        Some(1 + word * 64 + filled.trailing_zeros() as usize)
    }

    /// Whether the numbers of a list differ in their last digit only: then all of them are equal.
    pub(crate) fn is_of_last_digit(list: usize) -> bool {
        list as u64 <= Self::MOST
    }

    /// The numbers that belong to a list.
    #[expect(clippy::cast_possible_truncation, reason = "there are few lists")]
    pub(crate) fn range(&self, list: usize) -> RangeInclusive<u64> {
        let Some(at) = list.checked_sub(1) else { return self.last..=self.last };
        let (place, digit) = (at as u64 / Self::MOST, at as u64 % Self::MOST + 1);
        let lower_bits = place as u32 * BITS;
        let least = (self.last >> lower_bits & !Self::MOST | digit) << lower_bits;
        least..=least | ((1 << lower_bits) - 1)
    }

    /// A greater last number. The caller files the numbers of its list anew; those of later lists stay where they are.
    pub(crate) fn advance(&mut self, last: u64) {
        self.last = last;
    }
}

impl<const BITS: u32, const WORDS: usize> Default for Radix<BITS, WORDS> {
    fn default() -> Self {
        let () = Self::FIT;
        Self { last: 0, filled: [0; WORDS] }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn each_number_is_in_the_range_of_its_list<const BITS: u32, const WORDS: usize>() {
        let mut radix = Radix::<BITS, WORDS>::default();
        let mut random = 1_u64;
        for _ in 0..1000 {
            random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            let number = radix.last().saturating_add(random >> (random % 64));
            let list = radix.list_of(number);
            assert!(list < Radix::<BITS, WORDS>::LISTS);
            let range = radix.range(list);
            assert!(range.contains(&number) && *range.start() >= radix.last());
            // The ends of a range are of its list, and the next number is not.
            assert_eq!([*range.start(), *range.end()].map(|it| radix.list_of(it)), [list; 2]);
            if let Some(next) = range.end().checked_add(1) {
                assert_ne!(radix.list_of(next), list);
            }
            radix.mark_filled(list);
            assert_eq!(radix.nearest(), (list > 0).then_some(list));
            radix.mark_empty(list);
            // Numbers of later lists stay where they are.
            let later = range.end().saturating_add(1 + random % 1000);
            let list_of_later = radix.list_of(later);
            radix.advance(*range.start());
            assert!(list_of_later <= list || radix.list_of(later) == list_of_later);
        }
    }

    #[test]
    fn each_number_is_in_the_range_of_its_list_for_small_and_large_digits() {
        each_number_is_in_the_range_of_its_list::<1, 1>();
        each_number_is_in_the_range_of_its_list::<6, 11>();
    }
}
