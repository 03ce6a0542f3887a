//! A span of the crate `tracing` for each run of a body (feature `tracing`).
//!
//! A subscriber is code of the program. It runs without a lock, and after the run is in order: if it panics, the run
//! is given up as after a panic of the body. It may call memoized functions; runs within a call of the subscriber have
//! no span, or each span would make another.
//!
//! A refresh that fails, and a call that gets an old value because its run has failed, are events of the level `WARN`.
//!
//! Without the feature the spans and events are nothing, and all of this is compiled away.

pub(crate) use chosen::{BlockingSpan, PolledSpan, warn_of_old_value};

/// How a run ended that did not panic and was not dropped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(not(feature = "tracing"), allow(dead_code, reason = "only a span shows it"))]
pub enum Outcome {
    /// The cache holds the value.
    Stored,
    /// An error, which is not stored.
    Error,
    /// `cache_if` refused it.
    Rejected,
    /// The key was removed, or the cache cleared, during the run.
    Outdated,
    /// The cache stores nothing, or another run was faster.
    Unstored,
}

#[cfg(not(feature = "tracing"))]
#[allow(clippy::unused_self, reason = "a span uses itself")]
mod chosen {
    use super::Outcome;
    use crate::config::parameters::CacheParameters;

    #[inline]
    pub(crate) fn warn_of_old_value(_cache: &CacheParameters, _is_stale: bool) {}

    /// No span of a blocking run.
    #[derive(Debug)]
    pub(crate) struct BlockingSpan;

    /// No span of an async run.
    #[derive(Debug)]
    pub(crate) struct PolledSpan;

    #[derive(Debug)]
    pub(crate) struct Entered;

    impl BlockingSpan {
        #[inline]
        pub(crate) fn enter(_cache: &CacheParameters) -> Self {
            Self
        }

        #[inline]
        pub(crate) fn end(self, _outcome: impl FnOnce() -> Outcome) {}
    }

    impl PolledSpan {
        pub(crate) const NONE: Self = Self;

        #[inline]
        pub(crate) fn new(_cache: &CacheParameters) -> Self {
            Self
        }

        #[inline]
        pub(crate) fn enter(&mut self) -> Entered {
            Entered
        }

        #[inline]
        pub(crate) fn end(self, _outcome: impl FnOnce() -> Outcome) {}
    }

    impl Entered {
        #[inline]
        pub(crate) fn exit(self) {}
    }
}

#[cfg(feature = "tracing")]
mod chosen {
    use super::Outcome;
    use crate::base::catch_panic::catch_panic;
    use crate::config::parameters::CacheParameters;
    use std::cell::Cell;
    use std::fmt;
    use std::thread::panicking;
    use tracing::field::Empty;
    use tracing::span::EnteredSpan;
    use tracing::{Span, debug_span, warn};

    std::thread_local! {
        /// Whether the thread is in a call of the subscriber.
        static TELLING: Cell<bool> = const { Cell::new(false) };
    }

    /// Calls the subscriber. Returns `None` if it is this subscriber that has led here.
    fn tell<R>(tell: impl FnOnce() -> R) -> Option<R> {
        struct Told;
        impl Drop for Told {
            fn drop(&mut self) {
                let _ = TELLING.try_with(|telling| telling.set(false));
            }
        }
        // While the thread's locals are being destroyed, the subscriber's may be gone as well.
        let is_telling = TELLING.try_with(|telling| telling.replace(true)).unwrap_or(true);
        if is_telling {
            return None;
        }
        let _told = Told;
        Some(tell())
    }

    /// [`tell`]. A second panic would end the process.
    fn tell_at_drop(last: impl FnOnce()) {
        if panicking() {
            catch_panic(|| {
                tell(last);
            });
        } else {
            tell(last);
        }
    }

    fn open(cache: &CacheParameters) -> Option<Span> {
        let name = &*cache.name;
        let span = || debug_span!(target: "memofn", "run", name, outcome = Empty);
        tell(span).filter(|span| !span.is_disabled())
    }

    /// A run has failed that was to renew a value of the cache. The old value stays, though it `is_stale`, or for the rest of
    /// its time to live.
    pub(crate) fn warn_of_old_value(cache: &CacheParameters, is_stale: bool) {
        let name = &*cache.name;
        tell_at_drop(|| {
            if is_stale {
                warn!(target: "memofn", name, "a run has failed, and a value past its time to live answers");
            } else {
                warn!(target: "memofn", name, "a refresh has failed, and the old value stays");
            }
        });
    }

    fn name(outcome: Outcome) -> &'static str {
        match outcome {
            Outcome::Stored => "stored",
            Outcome::Error => "error",
            Outcome::Rejected => "rejected",
            Outcome::Outdated => "outdated",
            Outcome::Unstored => "unstored",
        }
    }

    /// The span of a blocking run, entered. It is boxed, since it stays on the stack while the body runs.
    pub(crate) struct BlockingSpan(Option<Box<EnteredSpan>>);

    /// The span of an async run. It is entered while the body is polled.
    pub(crate) struct PolledSpan {
        /// `None` if the span is disabled or has ended.
        span: Option<Span>,
        /// The body is being polled. If the span is dropped like that, the body has panicked.
        is_entered: bool,
    }

    /// The span of an async run while it is entered.
    pub(crate) struct Entered<'s>(&'s mut PolledSpan);

    impl BlockingSpan {
        pub(crate) fn enter(cache: &CacheParameters) -> Self {
            let span = open(cache);
            Self(span.and_then(|span| tell(|| Box::new(span.entered()))))
        }

        /// The run is over.
        pub(crate) fn end(mut self, outcome: impl FnOnce() -> Outcome) {
            if let Some(span) = self.0.take() {
                close(*span, name(outcome()));
            }
        }
    }

    impl Drop for BlockingSpan {
        fn drop(&mut self) {
            if let Some(span) = self.0.take() {
                close(*span, if panicking() { "panicked" } else { "cancelled" });
            }
        }
    }

    impl PolledSpan {
        pub(crate) const NONE: Self = Self { span: None, is_entered: false };

        pub(crate) fn new(cache: &CacheParameters) -> Self {
            Self { span: open(cache), is_entered: false }
        }

        pub(crate) fn enter(&mut self) -> Entered<'_> {
            self.is_entered = true;
            if let Some(span) = &self.span {
                tell(|| span.with_subscriber(|(id, subscriber)| subscriber.enter(id)));
            }
            Entered(self)
        }

        /// The run is over.
        pub(crate) fn end(mut self, outcome: impl FnOnce() -> Outcome) {
            if let Some(span) = self.span.take() {
                close(span, name(outcome()));
            }
        }
    }

    impl Drop for PolledSpan {
        fn drop(&mut self) {
            if let Some(span) = self.span.take() {
                close(span, if self.is_entered { "panicked" } else { "cancelled" });
            }
        }
    }

    impl Entered<'_> {
        pub(crate) fn exit(self) {
            self.0.is_entered = false;
        }
    }

    impl Drop for Entered<'_> {
        fn drop(&mut self) {
            if let Some(span) = &self.0.span {
                tell_at_drop(|| {
                    span.with_subscriber(|(id, subscriber)| subscriber.exit(id));
                });
            }
        }
    }

    /// Records the outcome and ends the span.
    fn close(span: impl Into<Ending>, outcome: &'static str) {
        let span = span.into();
        tell_at_drop(move || {
            span.span().record("outcome", outcome);
            drop(span);
        });
    }

    /// A span that ends, entered or not.
    enum Ending {
        Entered(EnteredSpan),
        Left(Span),
    }

    impl Ending {
        fn span(&self) -> &Span {
            match self {
                Self::Entered(span) => span,
                Self::Left(span) => span,
            }
        }
    }

    impl From<EnteredSpan> for Ending {
        fn from(span: EnteredSpan) -> Self {
            Self::Entered(span)
        }
    }

    impl From<Span> for Ending {
        fn from(span: Span) -> Self {
            Self::Left(span)
        }
    }

    impl fmt::Debug for BlockingSpan {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("BlockingSpan")
        }
    }

    impl fmt::Debug for PolledSpan {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("PolledSpan")
        }
    }
}
