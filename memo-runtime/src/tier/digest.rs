//! The bytes and digests of keys: they tell keys apart, in all processes and on all platforms.

use crate::tier::codec::KeptKey;
use std::hash::{Hash, Hasher};
use xxhash_rust::xxh3::Xxh3;

/// The bytes of a key. `None` if it cannot be written: `serde` may refuse, and a path may not be text.
pub(crate) fn encode_key<K: KeptKey + ?Sized>(key: &K) -> Option<Vec<u8>> {
    // Most keys are short, and are written without another allocation.
    postcard::to_extend(key, Vec::with_capacity(64)).ok()
}

/// The digest of a key: of its bytes, and of what its `Hash` sees. So a field that `serde` skips counts as well.
///
/// Integers are hashed with a fixed width and byte order. Slices of integers are not: the standard library passes on their
/// memory. If two platforms or compilers differ there, they do not find each other's records.
pub(crate) fn digest<K: Hash + ?Sized>(encoded: &[u8], key: &K) -> u128 {
    let mut hasher = PortableHasher(Xxh3::new());
    hasher.write_usize(encoded.len());
    hasher.write(encoded);
    key.hash(&mut hasher);
    hasher.0.digest128()
}

/// Integers are little-endian, and `usize` has 64 bits. The signed ones go through these by default.
struct PortableHasher(Xxh3);

impl Hasher for PortableHasher {
    fn write(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    fn write_u8(&mut self, number: u8) {
        self.0.update(&[number]);
    }

    fn write_u16(&mut self, number: u16) {
        self.0.update(&number.to_le_bytes());
    }

    fn write_u32(&mut self, number: u32) {
        self.0.update(&number.to_le_bytes());
    }

    fn write_u64(&mut self, number: u64) {
        self.0.update(&number.to_le_bytes());
    }

    fn write_u128(&mut self, number: u128) {
        self.0.update(&number.to_le_bytes());
    }

    fn write_usize(&mut self, number: usize) {
        self.write_u64(number as u64);
    }

    fn write_isize(&mut self, number: isize) {
        // Negative numbers are negative on all platforms.
        self.write_i64(number as i64);
    }

    fn finish(&self) -> u64 {
        self.0.digest()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::key::float::Float;
    use serde::Serialize;
    use std::fmt::Debug;

    /// The bytes and the digest of a key.
    fn identity<K: KeptKey + ?Sized>(key: &K) -> (Vec<u8>, u128) {
        let bytes = encode_key(key).unwrap();
        let digest = digest(&bytes, key);
        (bytes, digest)
    }

    fn tells_apart<K: KeptKey + Eq + Debug>(one: &K, two: &K) {
        assert_eq!(one == two, identity(one) == identity(two), "{one:?} and {two:?}");
        assert_eq!(one == two, identity(one).1 == identity(two).1, "{one:?} and {two:?}");
    }

    #[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize)]
    struct Key {
        name: String,
        parts: (String, Option<String>, Vec<Option<u8>>),
        kind: Kind,
        nested: Option<Box<Key>>,
        #[serde(skip)]
        tenant: u16,
        numbers: (i64, usize, u128, Float<f64>),
    }

    #[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize)]
    #[expect(clippy::option_option, reason = "users have them, and they must be told apart")]
    enum Kind {
        One,
        Two(String, String),
        Three { id: Option<Option<u8>> },
    }

    /// Numbers that follow from a seed: xorshift64.
    struct Random(u64);

    impl Random {
        fn below(&mut self, end: u64) -> u64 {
            self.0 ^= self.0 << 13;
            self.0 ^= self.0 >> 7;
            self.0 ^= self.0 << 17;
            (self.0 >> 11) % end
        }

        fn byte(&mut self) -> u8 {
            self.below(3).to_le_bytes()[0]
        }

        /// A short text of few letters: so parts that lie side by side are easily taken for others.
        fn text(&mut self) -> String {
            (0..self.below(4)).map(|_| ['a', ':', '\0', 'ÿ'][self.byte() as usize]).collect()
        }

        fn maybe<T>(&mut self, make: impl FnOnce(&mut Self) -> T) -> Option<T> {
            (self.below(2) == 0).then(|| make(self))
        }

        fn bytes(&mut self) -> Vec<Option<u8>> {
            (0..self.below(3)).map(|_| self.maybe(Self::byte)).collect()
        }

        fn kind(&mut self) -> Kind {
            match self.below(3) {
                0 => Kind::One,
                1 => Kind::Two(self.text(), self.text()),
                _ => Kind::Three { id: self.maybe(|random| random.maybe(Self::byte)) },
            }
        }

        fn numbers(&mut self) -> (i64, usize, u128, Float<f64>) {
            let float = [0.0, -0.0, f64::NAN, 1.0][self.byte() as usize];
            let (one, two) = (i64::from(self.byte()), self.byte() as usize);
            (one - 1, two, u128::from(self.byte()), Float(float))
        }

        fn key(&mut self, depth: u32) -> Key {
            Key {
                name: self.text(),
                parts: (self.text(), self.maybe(Self::text), self.bytes()),
                kind: self.kind(),
                nested: (depth > 0).then(|| self.maybe(|it| Box::new(it.key(depth - 1)))).flatten(),
                tenant: self.byte().into(),
                numbers: self.numbers(),
            }
        }

        /// A key that differs in one part at most.
        fn neighbour(&mut self, of: &Key) -> Key {
            let mut key = of.clone();
            match self.below(8) {
                0 => key.name = self.text(),
                1 => key.parts.0 = self.text(),
                2 => key.parts.1 = self.maybe(Self::text),
                3 => key.parts.2 = self.bytes(),
                4 => key.kind = self.kind(),
                5 => key.tenant = self.byte().into(),
                6 => key.numbers = self.numbers(),
                _ => std::mem::swap(&mut key.name, &mut key.parts.0),
            }
            key
        }
    }

    #[test]
    fn different_keys_are_told_apart_and_equal_ones_are_not() {
        let full = std::env::var_os("MEMOFN_STRESS").is_some_and(|it| it == "full");
        let pairs = if full {
            10_000_000
        } else if cfg!(miri) {
            100
        } else {
            100_000
        };
        let mut random = Random(7);
        let (mut equal, mut hidden) = (0, 0);
        for _ in 0..pairs {
            let one = random.key(1);
            let two = random.neighbour(&one);
            tells_apart(&one, &two);
            equal += usize::from(one == two);
            hidden += usize::from(one != two && encode_key(&one) == encode_key(&two));
        }
        assert!(
            equal > 0 && hidden > 0,
            "{equal} pairs are equal, {hidden} differ in `tenant` only"
        );
    }

    #[test]
    fn parts_that_lie_side_by_side_are_not_mixed_up() {
        tells_apart(&("a:b", "k"), &("a", "b:k"));
        tells_apart(&("ab", ""), &("a", "b"));
        tells_apart(&(vec![1_u8], vec![2_u8]), &(vec![1, 2], vec![]));
        tells_apart(&(Some(1_u8), None), &(None, Some(1_u8)));
        tells_apart(&Some(None::<()>), &None);
        tells_apart(&[vec!["a", "b"], vec![]], &[vec!["a"], vec!["b"]]);
        tells_apart(&(0_u64, -1_i64), &(1, -1));
    }

    #[test]
    fn a_field_that_serde_skips_counts() {
        #[derive(Debug, PartialEq, Eq, Hash, Serialize)]
        struct Key(u32, #[serde(skip)] Option<&'static str>);

        assert_eq!(encode_key(&Key(1, None)), encode_key(&Key(1, Some("a"))));
        tells_apart(&Key(1, None), &Key(1, Some("a")));
        tells_apart(&Key(1, Some("b")), &Key(1, Some("a")));
    }

    #[test]
    fn borrowed_and_owned_keys_are_the_same_key() {
        assert_eq!(identity("text"), identity(&"text".to_owned()));
        assert_eq!(identity(&[1, 2][..]), identity(&vec![1, 2]));
        assert_eq!(identity(&("a", 1)), identity(&("a".to_owned(), 1)));
        assert_eq!(identity(&Some(&7)), identity(&Some(Box::new(7))));
    }

    #[test]
    fn integers_of_the_platform_are_hashed_with_64_bits() {
        assert_eq!(digest(b"", &7_usize), digest(b"", &7_u64));
        assert_eq!(digest(b"", &-7_isize), digest(b"", &-7_i64));
        assert_ne!(digest(b"", &7_u32), digest(b"", &7_u64));
    }

    #[test]
    fn a_key_that_serde_refuses_has_no_bytes() {
        #[derive(Hash)]
        struct Refuses;

        impl Serialize for Refuses {
            fn serialize<S: serde::Serializer>(&self, _: S) -> Result<S::Ok, S::Error> {
                Err(serde::ser::Error::custom("it refuses"))
            }
        }

        assert_eq!(encode_key(&Refuses), None);
        assert_eq!(encode_key(&(1, Some(Refuses))), None);
    }

    #[test]
    fn the_digest_is_that_of_other_releases() {
        let (bytes, digest) = identity(&("article", 7_u64, -1_i16, Some(true)));
        assert_eq!(bytes, b"\x07article\x07\x01\x01\x01");
        assert_eq!(digest, 0xdbf0_433b_6c21_39c6_f721_f44f_f1c0_39db);
    }
}
