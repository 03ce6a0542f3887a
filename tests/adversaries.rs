//! Keys chosen by an attacker who knows the hash function but not its seed.

use memofn::memoize;
use std::cell::Cell;
use std::hash::{Hash, Hasher};

/// Keys whose comparisons are counted.
#[derive(Debug, Clone)]
struct Compared<T>(T);

thread_local!(static COMPARISONS: Cell<u64> = const { Cell::new(0) });

impl<T: Hash> Hash for Compared<T> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.hash(state);
    }
}

impl<T: PartialEq> PartialEq for Compared<T> {
    fn eq(&self, other: &Self) -> bool {
        COMPARISONS.set(COMPARISONS.get() + 1);
        self.0 == other.0
    }
}

impl<T: Eq> Eq for Compared<T> {}

/// Calls with 300 keys, twice. Misses compare almost no keys, and each hit compares one.
fn comparisons(what: &str, call: impl Fn(u64)) {
    const KEYS: u64 = 300;
    COMPARISONS.set(0);
    (0..KEYS).for_each(&call);
    let misses = COMPARISONS.replace(0);
    assert!(misses < KEYS / 10, "{misses} comparisons for {KEYS} misses of {what}");
    (0..KEYS).for_each(&call);
    let hits = COMPARISONS.replace(0);
    assert!(hits < KEYS + KEYS / 10, "{hits} comparisons for {KEYS} hits of {what}");
}

#[test]
fn keys_that_differ_only_in_what_a_weak_hash_ignores_do_not_collide() {
    #[memoize(maxsize = unbounded)]
    fn number(key: &Compared<u64>, _round: u8) -> u64 {
        key.0
    }
    #[memoize(maxsize = unbounded)]
    fn pair(key: &Compared<(u64, u64)>) -> u64 {
        key.0.0
    }

    comparisons("multiples of 2^32", |n| assert_eq!(number(&Compared(n << 32), 0), n << 32));
    comparisons("multiples of 2^48", |n| assert_eq!(number(&Compared(n << 48), 1), n << 48));
    comparisons("pairs that sum up alike", |n| assert_eq!(pair(&Compared((n, 300 - n))), n));
}

/// Digits of pi. `foldhash` multiplies by them unless it is fully seeded. A factor of zero hides the rest of the
/// key and the seed.
const FACTORS: [u64; 2] = [0xc0ac_29b7_c97c_50dd, 0x3f84_d5b5_b547_0917];

#[test]
fn pairs_that_zero_a_factor_of_the_hash_do_not_collide() {
    #[memoize(maxsize = unbounded)]
    fn pair(key: &Compared<(u64, u64)>) -> u64 {
        key.0.0
    }

    for factor in FACTORS {
        comparisons("pairs", |n| assert_eq!(pair(&Compared((n, factor))), n));
    }
}

#[test]
fn wide_numbers_that_zero_a_factor_of_the_hash_do_not_collide() {
    #[memoize(maxsize = unbounded)]
    fn wide(key: &Compared<u128>) -> u128 {
        key.0
    }

    for factor in FACTORS {
        let key = |n| u128::from(factor) << 64 | u128::from(n);
        comparisons("u128", |n| assert_eq!(wide(&Compared(key(n))), key(n)));
    }
}

#[test]
fn bytes_that_zero_a_factor_of_the_hash_do_not_collide() {
    #[memoize(maxsize = unbounded)]
    fn bytes(key: &Compared<Vec<u8>>) -> usize {
        key.0.len()
    }

    for factor in FACTORS {
        let key = |words: &[u64]| {
            Compared(words.iter().flat_map(|word| word.to_ne_bytes()).collect::<Vec<u8>>())
        };
        comparisons("16 bytes", |n| assert_eq!(bytes(&key(&[n, factor])), 16));
        comparisons("32 bytes", |n| assert_eq!(bytes(&key(&[n, n, factor, factor])), 32));
    }
}
