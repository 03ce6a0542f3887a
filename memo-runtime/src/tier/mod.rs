//! Stores below a cache: of results that outlive the process, or that servers share.
//!
//! `#[memoize(tier = ..)]` and [`CacheBuilder::tier`](crate::CacheBuilder::tier) put a [`Tier`] below a cache. This is a whole one:
//!
//! ```
//! use memofn::memoize;
//! use memofn::tier::{Answer, Asked, Forget, Kept, Lease, Pending, Record, Tier};
//! use std::collections::HashMap;
//! use std::sync::{LazyLock, Mutex};
//!
//! /// Records in memory, by function, version and key.
//! #[derive(Default)]
//! struct Map(Mutex<HashMap<(String, u64, u128), Record>>);
//!
//! fn key(of: &Asked) -> (String, u64, u128) {
//!     (of.function().name().to_owned(), of.function().version(), of.digest())
//! }
//!
//! impl Tier for Map {
//!     fn ask(&self, of: &Asked) -> Pending<Answer> {
//!         let record = self.0.lock().unwrap().get(&key(of)).cloned();
//!         Pending::ready(record.map_or(Answer::Yours(Lease::NONE), Answer::Hit))
//!     }
//!
//!     fn keep(&self, of: &Asked, record: Record, _: Option<Lease>) -> Pending<Kept> {
//!         self.0.lock().unwrap().insert(key(of), record);
//!         Pending::ready(Kept::Stored)
//!     }
//!
//!     fn forget(&self, what: Forget<'_>) {
//!         let mut records = self.0.lock().unwrap();
//!         match what {
//!             Forget::Key(of) => drop(records.remove(&key(of))),
//!             Forget::Function(it) => records.retain(|(name, ..), _| name != it.name()),
//!             Forget::Tag(tag) => records.retain(|_, it| !it.tags().any(|its| its == tag)),
//!             _ => records.clear(),
//!         }
//!     }
//! }
//!
//! static MAP: LazyLock<Map> = LazyLock::new(Map::default);
//!
//! #[memoize(tier = MAP)]
//! fn double(n: u64) -> u64 {
//!     2 * n
//! }
//!
//! # let _tiers = memofn::testing::tiers(std::env::temp_dir());
//! assert_eq!(double(3), 6);
//! assert_eq!(MAP.0.lock().unwrap().len(), 1);
//! ```

// The room knows bytes: records, encoded keys, and the tiers that keep them. It must not know flights, or who calls. The
// engine sees all of it through `engine::below::Below`; `link` implements that for the types of a cache.

pub(crate) mod around;
pub(crate) mod codec;
pub(crate) mod counts;
pub(crate) mod digest;
#[cfg(feature = "disk")]
pub(crate) mod disk;
pub(crate) mod event;
pub(crate) mod follower;
pub(crate) mod forgotten;
pub(crate) mod link;
pub(crate) mod origin;
pub(crate) mod pending;
pub(crate) mod place;
pub(crate) mod record;
#[cfg(feature = "redis")]
pub mod redis;
pub(crate) mod shape;
pub(crate) mod switch;
pub(crate) mod tier;
pub(crate) mod time;
pub(crate) mod under_way;
pub(crate) mod wall;

pub use codec::Codec;
pub use event::{TierEvent, on_tier_event};
pub use pending::{Pending, Promise};
pub use record::Record;
pub use tier::{Answer, Asked, FirstLevel, Forget, Function, Kept, Lease, Tier};
pub use time::Time;
