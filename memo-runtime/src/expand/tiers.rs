//! The options of a memoized function about its tier.

use crate::cache::builder::CacheBuilder;
use crate::expand::bounds::kept::KeptTypes;
use crate::expand::options::Untyped;
use crate::tier::codec::{Codec, KeptKey};
use crate::tier::link::Link;
#[cfg(any(feature = "disk", feature = "redis"))]
use crate::tier::place::TierPlace;
use std::sync::Arc;

impl CacheBuilder<Untyped, Untyped> {
    /// [`CacheBuilder::tier`] of a cache with keys and values of these types, for a memoized function.
    #[doc(hidden)]
    pub fn below_of<T, C>(self, _types: T, codec: C, origin: Origin) -> Self
    where
        T: KeptTypes<Key: KeptKey, Value: Clone + Send>,
        C: Codec<T::Value>,
    {
        self.below(Arc::new(Link::<T::Key, T::Value, C>::new(codec, origin)))
    }

    /// [`below_of`](Self::below_of) with a codec of the program's. Only the error about another codec differs.
    #[doc(hidden)]
    pub fn below_of_by<T, C>(self, types: T, codec: C, origin: Origin) -> Self
    where
        T: KeptTypes<Key: KeptKey, Value: Clone + Send>,
        C: OwnCodec<T::Value>,
    {
        self.below_of(types, codec, origin)
    }
}

/// A codec of the program's.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no codec of values of type `{V}`",
    label = "it needs an `impl memofn::tier::Codec<{V}>`"
)]
pub trait OwnCodec<V>: Codec<V> {}

#[diagnostic::do_not_recommend]
impl<V, C: Codec<V>> OwnCodec<V> for C {}

/// The tier that an expression of the program names.
pub use crate::tier::place::TierPlace as Below;

pub use crate::tier::origin::Origin;

/// The Redis that the program has connected to.
#[cfg(feature = "redis")]
#[must_use]
pub fn in_redis() -> TierPlace {
    TierPlace(crate::tier::place::Place::Redis)
}

/// The file of a package in the cache directory, or the one at this path.
#[cfg(feature = "disk")]
#[must_use]
pub fn on_disk(package: Option<&'static str>, path: Option<std::path::PathBuf>) -> TierPlace {
    TierPlace::on_disk(package.unwrap_or("program"), path)
}
