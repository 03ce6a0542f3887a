//! A value as a tier keeps it: bytes that say what they belong to, and that check themselves.
//!
//! All numbers are little-endian. A part is its length as `u32`, and then its bytes.
//!
//! | what | type |
//! |---|---|
//! | the magic | 4 bytes |
//! | flags: none is defined, so 0 | `u32` |
//! | version, shape, born, fresh until, ends, cost | 6 times `u64` |
//! | function, key, tags, payload | 4 parts; that of the tags holds a part for each tag |
//! | `xxh3_64` of all before it | `u64` |
//!
//! Nothing follows the checksum. There is one way to write a record, so records of equal contents have equal bytes.

use crate::tier::wall::NEVER;
use std::fmt;
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use xxhash_rust::xxh3::xxh3_64;

/// The last byte is the number of the layout.
const MAGIC: [u8; 4] = *b"mfn\x01";
const CHECKSUM: usize = size_of::<u64>();

/// A value as a tier keeps it: bytes that check themselves.
///
/// A tier stores and returns the bytes as they are. It may read from them when they end, when they were born, and their tags.
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

/// What a record says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Contents<'a> {
    /// The name of the function.
    pub(crate) function: &'a str,
    /// The version of the function's code.
    pub(crate) version: u64,
    /// The [shape](crate::tier::shape) of the value.
    pub(crate) shape: u64,
    /// When the value was computed. All times are milliseconds since 1970.
    pub(crate) born: u64,
    /// Until when the value is fresh, or [`NEVER`].
    pub(crate) fresh_until: u64,
    /// When the record is of no more use, or [`NEVER`].
    pub(crate) ends: u64,
    /// How long the run took, in microseconds.
    pub(crate) cost: u64,
    /// The encoded key.
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

    /// The moment at which its value was computed. `None` if the bytes are no record.
    #[must_use]
    pub fn born(&self) -> Option<SystemTime> {
        moment(Layout::read(&self.0)?.born)
    }

    /// Its tags: the names by which it can be [forgotten](crate::tier::Forget::Tag). There are none if the bytes are no record.
    pub fn tags(&self) -> impl Iterator<Item = &str> {
        let mut tags = Layout::read(&self.0).map(|layout| layout.tags);
        std::iter::from_fn(move || tags.as_mut()?.text())
    }

    /// What the record says, if it is whole.
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
        let numbers = [self.version, self.shape, self.born, self.fresh_until, self.ends, self.cost];
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
            function: str::from_utf8(self.function.0).ok()?,
            version: self.version,
            shape: self.shape,
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
        str::from_utf8(self.part()?.0).ok()
    }
}
