//! A value as a tier keeps it: bytes that say what they belong to, and that check themselves.
//!
//! All numbers are little-endian. A part is its length as `u32`, and then its bytes.
//!
//! | what | type |
//! |---|---|
//! | the magic | 4 bytes |
//! | flags: none is defined, so 0 | `u32` |
//! | version, shape, began, born, fresh until, ends, cost | 7 times `u64` |
//! | function, key, tags, payload | 4 parts; that of the tags holds a part for each tag |
//! | `xxh3_64` of all before it | `u64` |
//!
//! Nothing follows the checksum. There is one way to write a record, so records of equal contents have equal bytes.

#[cfg(feature = "disk")]
use crate::tier::tier::Function;
use crate::tier::wall::NEVER;
use std::fmt;
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use xxhash_rust::xxh3::xxh3_64;

/// The last byte is the number of the layout.
const MAGIC: [u8; 4] = *b"mfn\x02";
const CHECKSUM: usize = size_of::<u64>();

/// A value as a tier keeps it: bytes that check themselves.
///
/// A tier stores and returns the bytes as they are. It may read from them when they end, when their run began and ended, and their tags.
///
/// ```
/// use memofn::tier::Record;
///
/// let record = Record::from_bytes(vec![1, 2, 3]); // bytes are not checked before they answer a call
/// assert_eq!(record.as_bytes(), [1, 2, 3]);
/// assert_eq!(record.ends(), None); // these are no record
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct Record(Vec<u8>);

/// The contents of a record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Contents<'a> {
    /// The name of the function.
    pub(crate) function: &'a str,
    /// The version of the function's code.
    pub(crate) version: u64,
    /// The [shape](crate::tier::shape) of the value.
    pub(crate) shape: u64,
    /// When the run of the value began. All times are milliseconds since 1970.
    pub(crate) began: u64,
    /// When the run ended, which had computed the value.
    pub(crate) born: u64,
    /// Until when the value is fresh, or [`NEVER`].
    pub(crate) fresh_until: u64,
    /// When the record is of no more use, or [`NEVER`].
    pub(crate) ends: u64,
    /// How long the run took, in microseconds.
    pub(crate) cost: u64,
    /// The encoded key, and its digest.
    pub(crate) key: &'a [u8],
    pub(crate) tags: Vec<&'a str>,
    /// The encoded value.
    pub(crate) payload: &'a [u8],
}

/// These bytes are not a record as it was sealed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Damage;

impl Record {
    /// Takes the bytes of a record. It checks nothing: that is done when the record is to answer a call.
    #[must_use]
    pub fn from_bytes(bytes: Vec<u8>) -> Self {
        Self(bytes)
    }

    /// The bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// The bytes, owned.
    #[must_use]
    pub fn into_bytes(self) -> Vec<u8> {
        self.0
    }

    /// The moment from which the record is of no use to anybody, so that a tier may delete it. `None` if that never comes, and
    /// if the bytes are no record.
    #[must_use]
    pub fn ends(&self) -> Option<SystemTime> {
        moment(Layout::read(&self.0)?.ends)
    }

    /// The moment at which the run of its value began. A removal after that moment is for this record too, so a tier that
    /// other processes write to compares it with the times of their [removals](crate::tier::Forget). `None` if the bytes are no record.
    ///
    /// ```
    /// use memofn::tier::{Forget, Record};
    /// use std::time::SystemTime;
    ///
    /// /// Whether a record is from before the time at which its function, key or tag was forgotten.
    /// fn is_outdated(record: &Record, forgotten_at: SystemTime) -> bool {
    ///     record.began().is_none_or(|began| began <= forgotten_at)
    /// }
    ///
    /// assert!(is_outdated(&Record::from_bytes(Vec::new()), SystemTime::now()));
    /// ```
    #[must_use]
    pub fn began(&self) -> Option<SystemTime> {
        moment(Layout::read(&self.0)?.began)
    }

    /// The moment at which its value was computed, which is the end of the run. `None` if the bytes are no record.
    #[must_use]
    pub fn born(&self) -> Option<SystemTime> {
        moment(Layout::read(&self.0)?.born)
    }

    /// Its tags: the names by which it can be [forgotten](crate::tier::Forget::Tag). There are none if the bytes are no record.
    pub fn tags(&self) -> impl Iterator<Item = &str> {
        let mut tags = Layout::read(&self.0).map(|layout| layout.tags);
        std::iter::from_fn(move || tags.as_mut()?.text())
    }

    /// Whether it says that it is the one of this function and digest. `None` if the bytes are no record.
    #[cfg(feature = "disk")]
    pub(crate) fn is_of(&self, function: &Function, digest: u128) -> Option<bool> {
        let layout = Layout::read(&self.0)?;
        let is_of_function = layout.function.0 == function.name().as_bytes();
        let has_key = layout.key.0.ends_with(&digest.to_le_bytes());
        Some(is_of_function && layout.version == function.version() && has_key)
    }

    /// The contents, if the record is whole.
    pub(crate) fn open(&self) -> Result<Contents<'_>, Damage> {
        let (sealed, checksum) = self.0.split_last_chunk::<CHECKSUM>().ok_or(Damage)?;
        if xxh3_64(sealed) != u64::from_le_bytes(*checksum) {
            return Err(Damage);
        }
        Layout::read(&self.0).and_then(Layout::contents).ok_or(Damage)
    }

    /// The record of what this one says, which is an equal one. `None` if it is damaged. For the fuzzer.
    #[doc(hidden)]
    #[must_use]
    pub fn sealed_again(&self) -> Option<Self> {
        self.open().ok()?.seal()
    }
}

impl fmt::Debug for Record {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Record({} bytes)", self.0.len())
    }
}

fn moment(millis: u64) -> Option<SystemTime> {
    let since = (millis != NEVER).then(|| Duration::from_millis(millis))?;
    UNIX_EPOCH.checked_add(since)
}

impl Contents<'_> {
    /// The record that says this. `None` if a part is too long for one.
    pub(crate) fn seal(&self) -> Option<Record> {
        let prefixed = |part: usize| size_of::<u32>() + part;
        let tags: usize = self.tags.iter().map(|tag| prefixed(tag.len())).sum();
        let numbers = [
            self.version,
            self.shape,
            self.began,
            self.born,
            self.fresh_until,
            self.ends,
            self.cost,
        ];
        let head = MAGIC.len() + size_of::<u32>() + size_of_val(&numbers);
        let parts = [self.function.len(), self.key.len(), tags, self.payload.len()];
        let parts: usize = parts.into_iter().map(prefixed).sum();

        let mut bytes = Vec::with_capacity(head + parts + CHECKSUM);
        bytes.extend(MAGIC);
        bytes.extend(0_u32.to_le_bytes());
        bytes.extend(numbers.into_iter().flat_map(u64::to_le_bytes));
        put(&mut bytes, self.function.as_bytes())?;
        put(&mut bytes, self.key)?;
        bytes.extend(u32::try_from(tags).ok()?.to_le_bytes());
        for tag in &self.tags {
            put(&mut bytes, tag.as_bytes())?;
        }
        put(&mut bytes, self.payload)?;
        bytes.extend(xxh3_64(&bytes).to_le_bytes());
        Some(Record(bytes))
    }
}

fn put(bytes: &mut Vec<u8>, part: &[u8]) -> Option<()> {
    bytes.extend(u32::try_from(part.len()).ok()?.to_le_bytes());
    bytes.extend(part);
    Some(())
}

/// The places of what a record says. Neither texts nor the checksum are checked.
struct Layout<'a> {
    version: u64,
    shape: u64,
    began: u64,
    born: u64,
    fresh_until: u64,
    ends: u64,
    cost: u64,
    function: Reader<'a>,
    key: Reader<'a>,
    tags: Reader<'a>,
    payload: Reader<'a>,
}

impl<'a> Layout<'a> {
    /// `None` if the lengths do not add up to that of these bytes.
    fn read(bytes: &'a [u8]) -> Option<Self> {
        let mut reader = Reader(bytes);
        if reader.array()? != MAGIC || reader.u32()? != 0 {
            return None;
        }
        let layout = Self {
            version: reader.u64()?,
            shape: reader.u64()?,
            began: reader.u64()?,
            born: reader.u64()?,
            fresh_until: reader.u64()?,
            ends: reader.u64()?,
            cost: reader.u64()?,
            function: reader.part()?,
            key: reader.part()?,
            tags: reader.part()?,
            payload: reader.part()?,
        };
        (reader.0.len() == CHECKSUM).then_some(layout)
    }

    fn contents(mut self) -> Option<Contents<'a>> {
        let mut tags = Vec::new();
        while !self.tags.0.is_empty() {
            tags.push(self.tags.text()?);
        }
        Some(Contents {
            function: std::str::from_utf8(self.function.0).ok()?,
            version: self.version,
            shape: self.shape,
            began: self.began,
            born: self.born,
            fresh_until: self.fresh_until,
            ends: self.ends,
            cost: self.cost,
            key: self.key.0,
            tags,
            payload: self.payload.0,
        })
    }
}

/// Bytes that are not read yet. What does not begin with the thing that is asked for gives `None`.
struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (array, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(*array)
    }

    fn u32(&mut self) -> Option<u32> {
        self.array().map(u32::from_le_bytes)
    }

    fn u64(&mut self) -> Option<u64> {
        self.array().map(u64::from_le_bytes)
    }

    fn part(&mut self) -> Option<Self> {
        let len = usize::try_from(self.u32()?).ok()?;
        let (part, rest) = self.0.split_at_checked(len)?;
        self.0 = rest;
        Some(Self(part))
    }

    fn text(&mut self) -> Option<&'a str> {
        std::str::from_utf8(self.part()?.0).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn contents() -> Contents<'static> {
        Contents {
            function: "shop::price",
            version: 2,
            shape: 0x0123_4567_89ab_cdef,
            began: 1_699_999_999_000,
            born: 1_700_000_000_000,
            fresh_until: 1_700_000_060_000,
            ends: 1_700_000_090_000,
            cost: 1500,
            key: b"article 7",
            tags: vec!["articles", "", "prices"],
            payload: b"seven euros, and some cents",
        }
    }

    fn sealed() -> Record {
        contents().seal().unwrap()
    }

    fn moment_of(millis: u64) -> SystemTime {
        UNIX_EPOCH + Duration::from_millis(millis)
    }

    /// Uses all that can be read from bytes which may not be a record.
    fn look(record: &Record) {
        let _ = (record.ends(), record.began(), record.born(), record.tags().count());
    }

    fn refuse(bytes: &[u8], what: impl Fn() -> String) {
        let record = Record::from_bytes(bytes.to_vec());
        look(&record);
        assert_eq!(record.open(), Err(Damage), "{}", what());
    }

    /// Puts the right checksum at the end.
    fn check(bytes: &mut [u8]) {
        if let Some((sealed, checksum)) = bytes.split_last_chunk_mut::<CHECKSUM>() {
            *checksum = xxh3_64(sealed).to_le_bytes();
        }
    }

    /// Numbers that follow from a seed: splitmix64.
    struct Random(u64);

    impl Random {
        fn next(&mut self) -> u64 {
            self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
            let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            mixed ^ (mixed >> 31)
        }

        fn below(&mut self, end: usize) -> usize {
            usize::try_from(self.next() % end as u64).unwrap()
        }

        fn byte(&mut self) -> u8 {
            self.next().to_le_bytes()[0]
        }
    }

    #[test]
    fn a_record_says_what_was_sealed() {
        let record = sealed();
        assert_eq!(record.open(), Ok(contents()));
        assert_eq!(record.ends(), Some(moment_of(contents().ends)));
        assert_eq!(record.began(), Some(moment_of(contents().began)));
        assert_eq!(record.born(), Some(moment_of(contents().born)));
        assert!(record.tags().eq(contents().tags));
        assert_eq!(format!("{record:?}"), format!("Record({} bytes)", record.as_bytes().len()));
        assert_eq!(record.sealed_again().as_ref(), Some(&record));
        assert_eq!(Record::from_bytes(record.clone().into_bytes()), record);
    }

    #[test]
    fn empty_parts_are_parts() {
        let contents = Contents {
            function: "",
            key: b"",
            tags: vec![],
            payload: b"",
            ends: NEVER,
            ..contents()
        };
        let record = contents.seal().unwrap();
        assert_eq!(record.open(), Ok(contents));
        assert_eq!(record.ends(), None);
        assert_eq!(record.tags().next(), None);
    }

    #[test]
    fn the_layout_is_that_of_other_releases() {
        let (numbers, texts): (&[u64], &[&[u8]]) = (
            &[
                2,
                0x0123_4567_89ab_cdef,
                1_699_999_999_000,
                1_700_000_000_000,
                1_700_000_060_000,
                1_700_000_090_000,
                1500,
            ],
            &[
                b"mfn\x02\0\0\0\0",
                b"\x0b\0\0\0shop::price",
                b"\x09\0\0\0article 7",
                b"\x1a\0\0\0\x08\0\0\0articles\0\0\0\0\x06\0\0\0prices",
                b"\x1b\0\0\0seven euros, and some cents",
                b"\x12\xee\x0f\xf4\x5a\x33\x40\x93",
            ],
        );
        let mut bytes = texts[0].to_vec();
        bytes.extend(numbers.iter().flat_map(|number| number.to_le_bytes()));
        bytes.extend(texts[1..].concat());
        assert_eq!(sealed().as_bytes(), bytes);
    }

    #[test]
    fn a_record_that_was_cut_anywhere_is_damaged() {
        let record = sealed();
        for len in 0..record.0.len() {
            refuse(&record.0[..len], || format!("the first {len} bytes"));
            refuse(&record.0[len + 1..], || format!("the bytes after {len}"));
            // Its writer may also have been wrong about the checksum.
            let mut bytes = record.0[..len].to_vec();
            check(&mut bytes);
            refuse(&bytes, || format!("the first {len} bytes, with a checksum"));
        }
    }

    #[test]
    fn a_record_with_any_one_byte_changed_is_damaged() {
        let mut record = sealed();
        let step = if cfg!(miri) { 85 } else { 1 };
        for place in 0..record.0.len() {
            let right = record.0[place];
            for other in (1..=u8::MAX).step_by(step) {
                record.0[place] = right ^ other;
                look(&record);
                assert_eq!(
                    record.open(),
                    Err(Damage),
                    "byte {place}, {right} became {}",
                    right ^ other
                );
            }
            record.0[place] = right;
        }
        assert_eq!(record.open(), Ok(contents()));
    }

    #[test]
    fn a_record_with_more_bytes_is_damaged() {
        let mut bytes = sealed().0;
        for more in [0, 1, u8::MAX] {
            bytes.push(more);
            refuse(&bytes, || "one more byte".to_owned());
            let mut checked = bytes.clone();
            check(&mut checked);
            refuse(&checked, || "one more byte, with a checksum".to_owned());
            bytes.pop();
        }
        refuse(&bytes.repeat(2), || "twice".to_owned());
    }

    #[test]
    fn a_larger_record_is_damaged_by_random_changes() {
        let mut random = Random(1);
        let key: Vec<u8> = (0..90).map(|_| random.byte()).collect();
        let payload: Vec<u8> = (0..400).map(|_| random.byte()).collect();
        let record = Contents { key: &key, payload: &payload, ..contents() }.seal().unwrap();
        let mut bytes = Vec::new();
        for change in 0..if cfg!(miri) { 100 } else { 200_000 } {
            bytes.clear();
            bytes.extend(&record.0);
            let (one, two) = (random.below(bytes.len()), random.below(bytes.len()));
            let (start, end) = (one.min(two), one.max(two));
            match random.below(8) {
                0 => bytes[one] ^= 1 << random.below(8),
                1 => bytes[one] = random.byte(),
                2 => bytes.swap(one, two),
                3 => bytes[start..end].fill(0),
                4 => bytes[start..end].reverse(),
                5 => drop(bytes.drain(start..end)),
                6 => bytes.extend_from_within(start..end),
                _ => (0..3).for_each(|_| bytes[random.below(record.0.len())] = random.byte()),
            }
            if bytes != record.0 {
                refuse(&bytes, || format!("change {change}"));
            }
        }
    }

    #[test]
    fn random_bytes_are_damage() {
        let mut random = Random(2);
        for _ in 0..if cfg!(miri) { 100 } else { 20_000 } {
            let mut bytes: Vec<u8> = (0..random.below(160)).map(|_| random.byte()).collect();
            refuse(&bytes, || format!("{bytes:?}"));
            let magic = bytes.len().min(MAGIC.len());
            bytes[..magic].copy_from_slice(&MAGIC[..magic]);
            refuse(&bytes, || format!("{bytes:?}"));
            check(&mut bytes);
            refuse(&bytes, || format!("{bytes:?}"));
        }
    }

    #[test]
    fn a_length_that_lies_is_damage_even_with_the_right_checksum() {
        let record = sealed();
        let function = MAGIC.len() + 4 + 7 * 8;
        let key = function + 4 + contents().function.len();
        let tags = key + 4 + contents().key.len();
        let first_tag = tags + 4;
        let payload = first_tag + contents().tags.iter().map(|tag| 4 + tag.len()).sum::<usize>();
        for place in [function, key, tags, first_tag, payload] {
            let length = record.0[place..].first_chunk().copied().map(u32::from_le_bytes).unwrap();
            assert!(length < 100, "there is a length at {place}");
            let lies = [0, 1, length - 1, length + 1, length + 8, length + 256, 1 << 31, u32::MAX];
            for lie in lies {
                let mut bytes = record.0.clone();
                bytes[place..place + 4].copy_from_slice(&lie.to_le_bytes());
                check(&mut bytes);
                refuse(&bytes, || format!("the length at {place} says {lie} for {length}"));
            }
        }
    }

    #[test]
    fn another_magic_and_unknown_flags_are_damage_even_with_the_right_checksum() {
        for place in 0..8 {
            let mut bytes = sealed().0;
            bytes[place] ^= 2;
            check(&mut bytes);
            refuse(&bytes, || format!("byte {place}"));
            let record = Record::from_bytes(bytes);
            assert_eq!((record.ends(), record.born(), record.began()), (None, None, None));
        }
    }

    #[test]
    fn names_that_are_not_text_are_damage_even_with_the_right_checksum() {
        for name in ["shop", "articles"] {
            let mut bytes = sealed().0;
            let place = bytes.windows(name.len()).position(|part| part == name.as_bytes()).unwrap();
            bytes[place] = 0xff;
            check(&mut bytes);
            refuse(&bytes, || format!("the name {name}"));
        }
    }

    #[test]
    fn a_record_that_a_tier_looks_at_is_not_opened() {
        let mut record = sealed();
        *record.0.last_mut().unwrap() ^= 1;
        assert_eq!(record.open(), Err(Damage));
        assert_eq!(record.ends(), Some(moment_of(contents().ends)));
        assert!(record.tags().eq(contents().tags));
    }
}
