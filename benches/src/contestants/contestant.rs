//! A contestant, and the way a scenario visits several of them.

use crate::polled::polled;
use std::marker::PhantomData;

/// A memoized function.
pub(crate) trait Contestant: 'static {
    type Key: Sync + 'static;
    type Value;
    const NAME: &'static str;

    fn call(key: &Self::Key) -> Self::Value;

    /// Empties the cache. Only some scenarios need it.
    fn clear() {}
}

/// A memoized async function.
pub(crate) trait AsyncContestant: 'static {
    const NAME: &'static str;

    fn call(key: u64) -> impl Future<Output = u64> + Send;
}

/// An async contestant as a synchronous one. It is polled by hand, so that no executor is measured.
pub(crate) struct Polled<C>(PhantomData<C>);

impl<C: AsyncContestant> Contestant for Polled<C> {
    type Key = u64;
    type Value = u64;
    const NAME: &'static str = C::NAME;
    #[inline(always)]
    #[allow(clippy::inline_always, reason = "only the contestant's own call is measured")]
    fn call(key: &u64) -> u64 {
        polled(C::call(*key))
    }
}

/// The work of a scenario with each of several contestants.
pub(crate) trait Visitor<K> {
    fn visit<C: Contestant<Key = K>>(&mut self);
}

/// [`Visitor`] for async contestants.
pub(crate) trait AsyncVisitor {
    fn visit<C: AsyncContestant>(&mut self);
}

/// Defines a contestant: its type, its name in the tables, how it is called and how it is cleared.
macro_rules! contestant {
    ($type:ident, $name:expr, |$key:ident: $of:ty| -> $value:ty { $call:expr } $(, clear $clear:expr)?) => {
        pub(crate) enum $type {}
        impl $crate::contestants::contestant::Contestant for $type {
            type Key = $of;
            type Value = $value;
            const NAME: &'static str = $name;
            #[inline(always)]
            #[allow(clippy::inline_always, reason = "only the contestant's own call is measured")]
            fn call($key: &$of) -> $value {
                $call
            }
            $(fn clear() { $clear })?
        }
    };
    (async $type:ident, $name:expr, |$key:ident| { $call:expr }) => {
        pub(crate) enum $type {}
        impl $crate::contestants::contestant::AsyncContestant for $type {
            const NAME: &'static str = $name;
            #[inline(always)]
            #[allow(clippy::inline_always, reason = "only the contestant's own call is measured")]
            fn call($key: u64) -> impl Future<Output = u64> + Send {
                $call
            }
        }
    };
}

/// Defines `visit`, which passes these contestants to a visitor in this order.
macro_rules! lineup {
    ($of:ty: $($type:ty),+ $(,)?) => {
        pub(crate) fn visit(visitor: &mut impl $crate::contestants::contestant::Visitor<$of>) {
            $(visitor.visit::<$type>();)+
        }
    };
    (async $($type:ty),+ $(,)?) => {
        pub(crate) fn visit(visitor: &mut impl $crate::contestants::contestant::AsyncVisitor) {
            $(visitor.visit::<$type>();)+
        }
    };
}

pub(crate) use {contestant, lineup};
