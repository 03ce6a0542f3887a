//! Names in scope that the expansion might take for its own: constants, statics, and a trait with methods for all types.

#![allow(dead_code, non_upper_case_globals)]
#![deny(warnings)]

use memofn::{Cache, memoize};
use std::hash::Hash;

macro_rules! constants {
    ($($name:ident)*) => { $(const $name: u8 = 1;)* };
}
constants! {
    answer arg0 arg1 cache_site call hit held key lookup miss name pending policy query result run site turn value what
}
static options: u8 = 1;
static cache: u8 = 1;
static instance: u8 = 1;
static slot: u8 = 1;
const single: usize = 1;
const SLOT: usize = 1;
const FALLIBLE: usize = 1;

macro_rules! methods {
    ($($name:ident)*) => {
        trait Methods: Sized {
            const FALLIBLE: u8 = 1;
            const IS_RESULT: u8 = 1;
            fn new() -> u8 {
                1
            }
            fn uncached() -> u8 {
                1
            }
            fn static_site() -> u8 {
                1
            }
            $(fn $name(self) -> u8 {
                1
            })*
        }
        impl<T> Methods for T {}
    };
}
methods! {
    ask at cache cache_by cache_for call call_site call_site_for clear closure drive enter enter_timed finish go_on hit
    hit_timed info insert is_answered kind lookup maxsize name own parameters pass patience peek policy put refresh
    remove single_flight step take ttl unbounded whole with
}

#[memoize]
fn plain(n: u32) -> u32 {
    n
}

#[memoize(ttl = "1h", maxsize = 10)]
fn fallible(text: &str, (a, b): (u32, u32)) -> Result<u32, String> {
    text.parse().map(|n: u32| n + a + b).map_err(|_| text.to_owned())
}

#[memoize(scope = "thread", ttl = "1h")]
fn of_a_thread(n: f64) -> Option<f64> {
    Some(n)
}

#[memoize(key = n % 10)]
fn keyed(n: u32) -> u32 {
    n
}

#[memoize(scope = "thread", key = n % 10)]
fn keyed_of_a_thread(n: u32) -> u32 {
    n
}

#[memoize]
async fn awaited(n: u32) -> Result<u32, std::io::Error> {
    Ok(n)
}

#[memoize(scope = "thread")]
async fn awaited_of_a_thread(n: u32) -> u32 {
    n
}

#[memoize(key = n + 1, ttl = "1s")]
async fn awaited_by_a_key(n: u32) -> u32 {
    n
}

#[memoize(cache_if = |first| first.is_some())]
fn generic<T: Clone + Hash + Eq + Send + Sync + 'static>(items: &[T]) -> Option<T> {
    items.first().cloned()
}

#[memoize]
fn sized(one: [u8; SLOT], other: [u8; single]) -> [u8; SLOT] {
    let _ = other;
    one
}

#[derive(Clone, PartialEq, Eq, Hash)]
struct Square(u32);

impl Square {
    #[memoize]
    fn area(&self, unit: u32) -> u32 {
        self.0 * self.0 * unit
    }

    #[memoize(key = self.0, maxsize = 10)]
    fn side(&self) -> u32 {
        self.0
    }

    #[memoize(scope = "thread")]
    fn sum(&self, (a, b): (u32, u32)) -> Result<u32, ()> {
        Ok(self.0 + a + b)
    }

    #[memoize]
    async fn awaited(&self, n: u32) -> u32 {
        self.0 + n
    }
}

#[memoize]
impl Square {
    #[memoize(ttl = "1h")]
    fn of(side: u32) -> Self {
        Self(side)
    }
}

struct Client {
    users: Cache<u32, u32>,
}

impl Client {
    #[memoize(cache = self.users)]
    fn user(&self, id: u32) -> Result<u32, ()> {
        Ok(id)
    }

    #[memoize(cache = self.users)]
    async fn awaited(&self, id: u32) -> Result<u32, ()> {
        Ok(id)
    }
}

fn main() {
    assert_eq!((plain(1), plain(1)), (1, 1));
    assert_eq!(fallible("1", (2, 3)), Ok(6));
    assert_eq!((of_a_thread(0.5), keyed(1), keyed_of_a_thread(1)), (Some(0.5), 1, 1));
    assert_eq!((generic(&[1]), sized([1], [1])), (Some(1), [1]));
    assert_eq!((Square(2).area(3), Square(2).side(), Square(2).sum((1, 2))), (12, 2, Ok(5)));
    assert_eq!(Square::of(3).0, 3);
    let client = Client { users: Cache::builder().build() };
    assert_eq!(client.user(1), Ok(1));
    drop((awaited(1), awaited_of_a_thread(1), awaited_by_a_key(1)));
    drop((Square(1).awaited(1), client.awaited(1)));
    assert_eq!(plain::cache_info().hits, 1);
    assert_eq!(of_a_thread::cache_info().misses, 1);
    assert_eq!(Square(2).side_remove(), Some(2));
    plain::cache_insert(1, 2);
    assert_eq!((plain::cache_peek(1), plain::cache_remove(1), plain::cache_refresh(1)), (Some(2), Some(2), 1));
    plain::cache_clear();
    of_a_thread::cache_clear();
    let limits = (plain::cache_parameters().maxsize, of_a_thread::cache_parameters().maxsize);
    assert_eq!(limits, (Some(128), Some(128)));
}
