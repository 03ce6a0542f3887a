//! The floor, which no cache can be expected to beat: a thread-local `hashbrown` map with `foldhash`. It has no
//! bound, no counters and no recency.

use super::bodies::body;
use super::contestant::contestant;
use crate::names;
use foldhash::fast::RandomState;
use hashbrown::{Equivalent, HashMap};
use std::cell::RefCell;
use std::thread::LocalKey;

thread_local! {
    static NUMBERS: RefCell<HashMap<u64, u64, RandomState>> = RefCell::default();
}

pub(crate) fn number(key: u64, body: impl FnOnce(u64) -> u64) -> u64 {
    let found = NUMBERS.with_borrow(|map| map.get(&key).copied());
    found.unwrap_or_else(|| {
        let value = body(key);
        NUMBERS.with_borrow_mut(|map| map.insert(key, value));
        value
    })
}

pub(crate) async fn number_async<F>(key: u64, body: fn(u64) -> F) -> u64
where
    F: Future<Output = u64>,
{
    if let Some(value) = NUMBERS.with_borrow(|map| map.get(&key).copied()) {
        return value;
    }
    let value = body(key).await;
    NUMBERS.with_borrow_mut(|map| map.insert(key, value));
    value
}

contestant!(Floor, names::FLOOR, |key: u64| -> u64 { number(*key, body) });

/// A borrowed key, equivalent to the owned one.
#[derive(Hash)]
pub(crate) struct Borrowed<'a>(pub(crate) &'a str, pub(crate) u32);

impl Equivalent<(String, u32)> for Borrowed<'_> {
    fn equivalent(&self, key: &(String, u32)) -> bool {
        self.0 == key.0 && self.1 == key.1
    }
}

/// The map of such keys.
pub(crate) type Texts<V> = HashMap<(String, u32), V, RandomState>;

pub(crate) fn text<V: Clone>(
    texts: &'static LocalKey<RefCell<Texts<V>>>,
    label: &str,
    number: u32,
    body: fn(&str, u32) -> V,
) -> V {
    let found = texts.with_borrow(|map| map.get(&Borrowed(label, number)).cloned());
    found.unwrap_or_else(|| {
        let value = body(label, number);
        texts.with_borrow_mut(|map| map.insert((label.to_owned(), number), value.clone()));
        value
    })
}
