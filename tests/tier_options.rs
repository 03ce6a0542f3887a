//! The options of tiers, on every kind of function: what a tier is told, and what it is asked for.
#![cfg(feature = "tier")]

use memofn::memoize;
use memofn::testing::tiers;
use memofn::tier::{Answer, Asked, Codec, Forget, Kept, Lease, Pending, Record, Tier};
use std::collections::HashMap;
use std::env::temp_dir;
use std::future::ready;
use std::sync::{Arc, LazyLock, Mutex, OnceLock};

/// Keeps records by function, version and key.
#[derive(Default)]
struct Shelf(OnceLock<Mutex<Records>>);

type Records = HashMap<(String, u64, Vec<u8>), Vec<u8>>;

impl Shelf {
    const fn new() -> Self {
        Self(OnceLock::new())
    }

    fn records(&self) -> &Mutex<Records> {
        self.0.get_or_init(Mutex::default)
    }

    /// The names and versions of the functions with records.
    fn functions(&self) -> Vec<(String, u64)> {
        let records = self.records().lock().unwrap();
        let mut functions: Vec<_> =
            records.keys().map(|(name, version, _)| (name.clone(), *version)).collect();
        functions.sort();
        functions
    }

    fn version_of(&self, function: &str) -> Option<u64> {
        // Functions in bodies have their line after the path.
        let names = ['(', '@'].map(|end| format!("::{function}{end}"));
        let is_its = |name: &str| names.iter().any(|its| name.contains(its));
        self.functions().into_iter().find(|(name, _)| is_its(name)).map(|it| it.1)
    }
}

fn id(of: &Asked) -> (String, u64, Vec<u8>) {
    (of.function().name().to_owned(), of.function().version(), of.key().to_vec())
}

impl Tier for Shelf {
    fn ask(&self, of: &Asked) -> Pending<Answer> {
        Pending::ready(match self.records().lock().unwrap().get(&id(of)) {
            Some(bytes) => Answer::Hit(Record::from_bytes(bytes.clone())),
            None => Answer::Yours(Lease::NONE),
        })
    }

    fn keep(&self, of: &Asked, record: Record, _: Option<Lease>) -> Pending<Kept> {
        self.records().lock().unwrap().insert(id(of), record.into_bytes());
        Pending::ready(Kept::Stored)
    }

    fn forget(&self, _: Forget<'_>) {}
}

#[test]
fn a_static_an_arc_and_a_value_are_tiers() {
    static SHELF: Shelf = Shelf::new();
    static LAZY: LazyLock<Shelf> = LazyLock::new(Shelf::default);
    static SHARED: LazyLock<Arc<Shelf>> = LazyLock::new(Arc::default);

    #[memoize(tier = SHELF)]
    fn in_static(n: u64) -> u64 {
        n
    }

    #[memoize(tier = LAZY)]
    fn in_lazy(n: u64) -> u64 {
        n
    }

    #[memoize(tier = Arc::clone(&*SHARED))]
    fn in_arc(n: u64) -> u64 {
        n
    }

    #[memoize(tier = Shelf::new())]
    fn in_value(n: u64) -> u64 {
        n
    }

    let _tiers = tiers(temp_dir());
    assert_eq!(in_static(1) + in_lazy(1) + in_arc(1) + in_value(1), 4);
    assert_eq!(SHELF.version_of("in_static"), Some(in_static::CACHE_VERSION));
    assert_eq!(LAZY.version_of("in_lazy"), Some(in_lazy::CACHE_VERSION));
    assert_eq!(SHARED.version_of("in_arc"), Some(in_arc::CACHE_VERSION));
    assert_eq!(in_value::cache_info().tier_misses, 1);
}

#[test]
fn functions_of_every_kind_tell_the_tier_their_versions() {
    static SHELF: Shelf = Shelf::new();

    struct User {
        id: u32,
    }

    #[memoize(tier = SHELF, version = 7)]
    fn text(of: &str, other: Option<&[u8]>) -> Result<Vec<String>, std::fmt::Error> {
        let length = other.map(<[u8]>::len).ok_or(std::fmt::Error)?;
        Ok(vec![of.to_owned(); length])
    }

    #[memoize(tier = SHELF, key = user.id, depends(text))]
    fn by_key(user: &User) -> u32 {
        user.id
    }

    #[memoize(tier = SHELF, skip(_log))]
    async fn later(n: u64, _log: &mut Vec<u64>) -> Option<u64> {
        ready(Some(n)).await
    }

    #[memoize(tier = SHELF, version = 8)]
    fn generic<T>(it: T) -> Vec<T>
    where
        T: std::hash::Hash
            + Eq
            + Clone
            + Send
            + Sync
            + serde::Serialize
            + serde::de::DeserializeOwned
            + 'static,
    {
        vec![it]
    }

    #[memoize(tier = SHELF)]
    fn nothing() {}

    struct Client {
        id: u64,
    }

    impl Client {
        #[memoize(tier = SHELF, skip(self), version = 9, depends(text))]
        fn method(&self, n: u64) -> u64 {
            n
        }
    }

    #[memoize(tier = SHELF, version = 10)]
    impl From<Client> for u64 {
        #[memoize(key = client.id)]
        fn from(client: Client) -> u64 {
            client.method(client.id)
        }
    }

    let _tiers = tiers(temp_dir());
    text("a", Some(&[1, 2])).unwrap();
    by_key(&User { id: 3 });
    futures::executor::block_on(later(1, &mut Vec::new()));
    generic(1_u8);
    generic("b".to_owned());
    nothing();
    assert_eq!(u64::from(Client { id: 1 }), 1);
    assert_eq!(SHELF.version_of("text"), Some(7));
    assert_eq!(SHELF.version_of("by_key"), Some(by_key::CACHE_VERSION));
    assert_eq!(SHELF.version_of("later"), Some(later::CACHE_VERSION));
    assert_eq!(SHELF.version_of("nothing"), Some(nothing::CACHE_VERSION));
    assert_eq!(SHELF.version_of("from"), Some(10));
    assert!(SHELF.version_of("method").is_some_and(|version| version != 9));
    let of_generic = SHELF.functions().into_iter().filter(|(_, version)| *version == 8).count();
    assert_eq!((of_generic, SHELF.functions().len()), (2, 8));
}

#[test]
fn a_codec_of_ones_own_takes_values_without_serde() {
    static SHELF: Shelf = Shelf::new();

    #[derive(Clone, Debug, PartialEq)]
    struct Color(u8);

    struct OneByte;

    impl Codec<Color> for OneByte {
        fn encode(&self, color: &Color) -> Option<Vec<u8>> {
            Some(vec![color.0])
        }

        fn decode(&self, bytes: &[u8]) -> Option<Color> {
            bytes.first().copied().map(Color)
        }
    }

    #[memoize(tier = SHELF, codec = OneByte)]
    fn color(n: u8) -> Color {
        Color(n)
    }

    let _tiers = tiers(temp_dir());
    assert_eq!(color(3), Color(3));
    color::cache().set_maxsize(0);
    color::cache().set_maxsize(8);
    assert_eq!(color(3), Color(3));
    assert_eq!(color::cache_info().tier_hits, 1);
}
