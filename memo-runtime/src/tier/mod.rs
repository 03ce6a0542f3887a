//! What stands below a cache: results that outlive the process, or that servers share.
//!
//! It knows bytes: records, encoded keys, and the tiers that keep them. It must not know flights, or who calls. The engine
//! sees all of it through [`Below`](crate::engine::below::Below).

pub(crate) mod around;
pub(crate) mod codec;
pub(crate) mod counts;
pub(crate) mod digest;
#[cfg(feature = "disk")]
pub(crate) mod disk;
pub(crate) mod event;
pub(crate) mod link;
pub(crate) mod pending;
pub(crate) mod place;
pub(crate) mod record;
#[cfg(feature = "redis")]
pub mod redis;
pub(crate) mod shape;
pub(crate) mod switch;
pub(crate) mod tier;
pub(crate) mod wall;

pub use codec::Codec;
pub use event::{TierEvent, on_tier_event};
pub use pending::{Pending, Promise};
pub use record::Record;
pub use tier::{Answer, Asked, FirstLevel, Forget, Function, Kept, Lease, Tier};
