//! The names of keys in the server, and the layout of values.

use crate::tier::record::Record;
use crate::tier::tier::{Asked, Function};
use std::fmt::Write as _;
use xxhash_rust::xxh3::{xxh3_64, xxh3_128};

/// The place of one key of a function.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Spot {
    pub(crate) function: u64,
    pub(crate) version: u64,
    pub(crate) digest: u128,
}

/// The meaning of the name of a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Named {
    Value(Spot),
    Lease(Spot),
    /// The moment at which a function was cleared.
    Function(u64),
    /// The moment at which a tag was forgotten.
    Tag(u128),
}

impl Spot {
    pub(crate) fn of(asked: &Asked) -> Self {
        let function = asked.function();
        Self {
            function: function_hash(function),
            version: function.version(),
            digest: asked.digest(),
        }
    }
}

pub(crate) fn function_hash(function: &Function) -> u64 {
    xxh3_64(function.name().as_bytes())
}

pub(crate) fn tag_hash(tag: &str) -> u128 {
    xxh3_128(tag.as_bytes())
}

/// The names of keys in one namespace.
#[derive(Debug)]
pub(crate) struct Names(String);

impl Names {
    pub(crate) fn new(namespace: &str) -> Self {
        let mut prefix = "mfn:".to_owned();
        for character in namespace.chars() {
            match character {
                // Braces have a meaning in names of keys.
                '{' | '}' | '%' => _ = write!(prefix, "%{:02x}", u32::from(character)),
                other => prefix.push(other),
            }
        }
        prefix.push(':');
        Self(prefix)
    }

    pub(crate) fn value(&self, spot: Spot) -> String {
        let Spot { function, version, digest } = spot;
        format!("{}{{{function:016x}:{version:016x}:{digest:032x}}}", self.0)
    }

    pub(crate) fn lease(&self, spot: Spot) -> String {
        self.value(spot) + ":l"
    }

    pub(crate) fn function(&self, function: u64) -> String {
        format!("{}f:{function:016x}", self.0)
    }

    /// The key of the last time that a script was given.
    pub(crate) fn last_time(&self) -> String {
        format!("{}time", self.0)
    }

    /// The prefix of the names of tags.
    pub(crate) fn tags(&self) -> String {
        format!("{}t:", self.0)
    }

    pub(crate) fn tag(&self, tag: u128) -> String {
        format!("{}{tag:032x}", self.tags())
    }

    pub(crate) fn read(&self, name: &[u8]) -> Option<Named> {
        let rest = std::str::from_utf8(name).ok()?.strip_prefix(&self.0)?;
        if let Some(function) = rest.strip_prefix("f:") {
            return u64::from_str_radix(function, 16).ok().map(Named::Function);
        }
        if let Some(tag) = rest.strip_prefix("t:") {
            return u128::from_str_radix(tag, 16).ok().map(Named::Tag);
        }
        let (spot, after) = rest.strip_prefix('{')?.split_once('}')?;
        let mut parts = spot.split(':');
        let spot = Spot {
            function: u64::from_str_radix(parts.next()?, 16).ok()?,
            version: u64::from_str_radix(parts.next()?, 16).ok()?,
            digest: u128::from_str_radix(parts.next()?, 16).ok()?,
        };
        match after {
            "" => Some(Named::Value(spot)),
            ":l" => Some(Named::Lease(spot)),
            _ => None,
        }
    }
}

/// When the run of a value began: 16 digits. The scripts write it.
const BORN: usize = 16;
/// How many tags follow: 4 digits.
const COUNT: usize = 4;
/// One tag: 32 hex digits.
const TAG: usize = 32;

/// The most tags of a record.
const MOST_TAGS: usize = 9_999;

/// The part between the time of birth and the record. `None` if there are too many tags.
pub(crate) fn tags_part(tags: &[u128]) -> Option<String> {
    let mut part = (tags.len() <= MOST_TAGS).then(|| format!("{:04}", tags.len()))?;
    for tag in tags {
        _ = write!(part, "{tag:032x}");
    }
    Some(part)
}

/// The parts of a value.
#[derive(Debug, PartialEq)]
pub(crate) struct Parts {
    pub(crate) born: u64,
    pub(crate) tags: Vec<u128>,
    pub(crate) record: Record,
}

/// Takes a value apart. One that is none becomes a record that is damaged.
pub(crate) fn split_value(mut bytes: Vec<u8>) -> Parts {
    let (born, tags) = match before_record(&bytes) {
        Some((born, tags)) => {
            bytes.drain(..BORN + COUNT + tags.len() * TAG);
            (born, tags)
        }
        None => (0, Vec::new()),
    };
    Parts { born, tags, record: Record::from_bytes(bytes) }
}

fn before_record(bytes: &[u8]) -> Option<(u64, Vec<u128>)> {
    let text = |from: usize, len: usize| std::str::from_utf8(bytes.get(from..from + len)?).ok();
    let born = text(0, BORN)?.parse().ok()?;
    let count: usize = text(BORN, COUNT)?.parse().ok()?;
    let tags = text(BORN + COUNT, count * TAG)?;
    let tag = |i| u128::from_str_radix(tags.get(i * TAG..(i + 1) * TAG)?, 16).ok();
    Some((born, (0..count).map(tag).collect::<Option<_>>()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_as_they_were_written() {
        let names = Names::new("a{b}:%");
        let spot = Spot { function: 1, version: u64::MAX, digest: 7 << 100 };
        assert_eq!(names.read(names.value(spot).as_bytes()), Some(Named::Value(spot)));
        assert_eq!(names.read(names.lease(spot).as_bytes()), Some(Named::Lease(spot)));
        assert_eq!(names.read(names.function(9).as_bytes()), Some(Named::Function(9)));
        assert_eq!(names.read(names.tag(9).as_bytes()), Some(Named::Tag(9)));
        assert_eq!(Names::new("other").read(names.value(spot).as_bytes()), None);
        for name in ["", "mfn:", "mfn:o:", "mfn:o:{", "mfn:o:{}", "mfn:o:{1:2}", "mfn:o:f:x"] {
            assert_eq!(Names::new("o").read(name.as_bytes()), None, "{name}");
        }
    }

    #[test]
    fn the_tags_of_a_value_are_found_before_its_record() {
        let tags = vec![1, u128::MAX];
        let part = tags_part(&tags).expect("few tags");
        let value = [b"0123456789012345", part.as_bytes(), b"record"].concat();
        let record = Record::from_bytes(b"record".to_vec());
        assert_eq!(split_value(value), Parts { born: 123_456_789_012_345, tags, record });
        for bad in ["", "0123456789012345", "0123456789012345000", "01234567890123450001short"] {
            let record = Record::from_bytes(bad.as_bytes().to_vec());
            assert_eq!(split_value(bad.into()), Parts { born: 0, tags: vec![], record });
        }
    }
}
