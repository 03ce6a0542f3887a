//! Who is measured: the same function memoized in each way there is.

pub(crate) mod asynchronous;
pub(crate) mod bounded;
pub(crate) mod floor;
pub(crate) mod mutex_lru;
pub(crate) mod recursive;
pub(crate) mod slow;
pub(crate) mod slow_async;
pub(crate) mod text;
pub(crate) mod thread;
pub(crate) mod ttl;

use crate::polled::polled;
use std::marker::PhantomData;

/// A memoized function.
pub(crate) trait Contestant: 'static {
    type Key: Sync + 'static;
    type Value;
    const NAME: &'static str;

    fn call(key: &Self::Key) -> Self::Value;

    /// Forgets everything, where a scenario needs that.
    fn clear() {}
}

/// A memoized async function.
pub(crate) trait AsyncContestant: 'static {
    const NAME: &'static str;

    fn call(key: u64) -> impl Future<Output = u64> + Send;
}

/// An async contestant among those that are not: without an executor.
pub(crate) struct Polled<C>(PhantomData<C>);

impl<C: AsyncContestant> Contestant for Polled<C> {
    type Key = u64;
    type Value = u64;
    const NAME: &'static str = C::NAME;
    #[inline(always)]
    #[allow(clippy::inline_always, reason = "no call is to be measured but the contestant's")]
    fn call(key: &u64) -> u64 {
        polled(C::call(*key))
    }
}

/// What a scenario does with each of several contestants.
pub(crate) trait Visitor<K> {
    fn visit<C: Contestant<Key = K>>(&mut self);
}

/// [`Visitor`], of async contestants.
pub(crate) trait AsyncVisitor {
    fn visit<C: AsyncContestant>(&mut self);
}

/// A contestant: its type, its name in the tables, and how it is called (and cleared).
macro_rules! contestant {
    ($type:ident, $name:expr, |$key:ident: $of:ty| -> $value:ty { $call:expr } $(, clear $clear:expr)?) => {
        pub(crate) enum $type {}
        impl $crate::contestants::Contestant for $type {
            type Key = $of;
            type Value = $value;
            const NAME: &'static str = $name;
            #[inline(always)]
            #[allow(clippy::inline_always, reason = "no call is to be measured but the contestant's")]
            fn call($key: &$of) -> $value {
                $call
            }
            $(fn clear() { $clear })?
        }
    };
    (async $type:ident, $name:expr, |$key:ident| { $call:expr }) => {
        pub(crate) enum $type {}
        impl $crate::contestants::AsyncContestant for $type {
            const NAME: &'static str = $name;
            #[inline(always)]
            #[allow(clippy::inline_always, reason = "no call is to be measured but the contestant's")]
            fn call($key: u64) -> impl Future<Output = u64> + Send {
                $call
            }
        }
    };
}

/// `visit`, which shows the contestants to a visitor in this order.
macro_rules! lineup {
    ($of:ty: $($type:ty),+ $(,)?) => {
        pub(crate) fn visit(visitor: &mut impl $crate::contestants::Visitor<$of>) {
            $(visitor.visit::<$type>();)+
        }
    };
    (async $($type:ty),+ $(,)?) => {
        pub(crate) fn visit(visitor: &mut impl $crate::contestants::AsyncVisitor) {
            $(visitor.visit::<$type>();)+
        }
    };
}

pub(crate) use {contestant, lineup};

/// The names that figures are looked up by.
pub(crate) mod names {
    pub(crate) const FLOOR: &str = "floor: thread-local hashbrown";
    pub(crate) const MEMOFN: &str = "memofn";
    pub(crate) const MEMOFN_ASYNC: &str = "memofn, async";
    pub(crate) const MEMOFN_TTL: &str = "memofn, ttl";
    pub(crate) const MEMOFN_THREAD: &str = "memofn, thread";
    pub(crate) const MEMOFN_THREAD_UNBOUNDED: &str = "memofn, thread, unbounded";
    pub(crate) const MEMOFN_ENDED: &str = "memofn, after 2,000 threads";
    pub(crate) const MEMOFN_IDLE: &str = "memofn, beside 20 idle threads";
    pub(crate) const MEMOFN_EXPIRED_FEW: &str = "memofn, 2,000 expired";
    pub(crate) const MEMOFN_EXPIRED_10_000: &str = "memofn, 10,000 expired";
    pub(crate) const MEMOFN_EXPIRED_100_000: &str = "memofn, 100,000 expired";
    pub(crate) const MEMOFN_EXPIRED_MANY: &str = "memofn, 500,000 expired";
    pub(crate) const MEMOFN_EXPIRED_MILLION: &str = "memofn, 1,000,000 expired";
    pub(crate) const CACHED: &str = "cached";
    pub(crate) const CACHED_BY_KEY: &str = "cached, sync_writes by_key";
    pub(crate) const CONCURRENT_CACHED: &str = "concurrent_cached";
    pub(crate) const MEMOIZE: &str = "memoize, thread";
    pub(crate) const MEMOIZE_UNBOUNDED: &str = "memoize, thread, unbounded";
    pub(crate) const MEMOIZE_SHARED: &str = "memoize, shared";
    pub(crate) const QUICK: &str = "quick_cache get/insert";
    pub(crate) const QUICK_ENDED: &str = "quick_cache get/insert, after 2,000 threads";
    pub(crate) const QUICK_IDLE: &str = "quick_cache get/insert, beside 20 idle threads";
    pub(crate) const QUICK_WITH: &str = "quick_cache get_or_insert_with";
    pub(crate) const QUICK_ASYNC: &str = "quick_cache get_or_insert_async";
    pub(crate) const MOKA: &str = "moka get/insert";
    pub(crate) const MOKA_WITH: &str = "moka get_with";
    pub(crate) const MOKA_FUTURE: &str = "moka::future get/insert";
    pub(crate) const MOKA_FUTURE_WITH: &str = "moka::future get_with";
    pub(crate) const MINI_MOKA: &str = "mini-moka get/insert";
    pub(crate) const MUTEX_LRU: &str = "Mutex<lru> by hand";
}
