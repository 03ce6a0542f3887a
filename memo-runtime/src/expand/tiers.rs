//! The options of a memoized function about its tier.

use crate::cache::builder::CacheBuilder;
use crate::expand::bounds::shared::CacheType;
use crate::expand::options::Untyped;
use crate::tier::codec::{Codec, KeptKey};
use crate::tier::link::{Link, Site};
use crate::tier::place::TierPlace;
use std::sync::Arc;

impl CacheBuilder<Untyped, Untyped> {
    /// [`CacheBuilder::tier`] of a cache with keys and values of these types, for the function at this place. In a build of the program's unit tests,
    /// `is_test` has the tier left out.
    #[doc(hidden)]
    #[expect(clippy::too_many_arguments, reason = "expansions call it")]
    pub fn below_of<K, V, C>(
        self,
        _key: K,
        _value: V,
        codec: C,
        tier: TierPlace,
        version: u64,
        site: Site,
        is_test: bool,
    ) -> Self
    where
        K: CacheType<Type: KeptKey>,
        V: CacheType<Type: Clone + Send>,
        C: Codec<V::Type>,
    {
        let link = Link::<K::Type, V::Type, C>::new(codec, tier, version);
        self.below(Arc::new(link.of_function(site, is_test)))
    }

    /// [`below_of`](Self::below_of) with a codec of the program's. Only the error about another codec differs.
    #[doc(hidden)]
    #[expect(clippy::too_many_arguments, reason = "expansions call it")]
    pub fn below_of_by<K, V, C>(
        self,
        key: K,
        value: V,
        codec: C,
        tier: TierPlace,
        version: u64,
        site: Site,
        is_test: bool,
    ) -> Self
    where
        K: CacheType<Type: KeptKey>,
        V: CacheType<Type: Clone + Send>,
        C: OwnCodec<V::Type>,
    {
        self.below_of(key, value, codec, tier, version, site, is_test)
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
