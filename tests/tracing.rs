//! A span for each run of a body: feature `tracing`.
#![cfg(feature = "tracing")]

mod common;

use ::tracing::field::{Field, Visit};
use ::tracing::span::{Attributes, Id, Record};
use ::tracing::subscriber::with_default;
use ::tracing::{Event, Level, Metadata, Subscriber};
use common::{finishes, panic_of, panic_silently};
use futures::executor::block_on;
use memofn::testing::{Clock, check_purity};
use memofn::{Cache, memoize};
use std::fmt::Debug;
use std::future::{poll_fn, ready};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::rc::Rc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard};
use std::task::Poll;
use std::time::Duration;

/// One run, as a subscriber sees it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Run {
    name: String,
    outcome: String,
    /// The run inside of whose span it began.
    parent: Option<String>,
    entered: usize,
    is_inside: bool,
    is_closed: bool,
}

impl Visit for Run {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.record_str(field, &format!("{value:?}"));
    }
    fn record_str(&mut self, field: &Field, value: &str) {
        match field.name() {
            "name" => value.clone_into(&mut self.name),
            "outcome" => value.clone_into(&mut self.outcome),
            other => panic!("no such field: {other}"),
        }
    }
}

/// Keeps all runs, and calls `hook` with the name of each method of a subscriber.
#[derive(Clone)]
struct Runs {
    list: Arc<Mutex<Vec<Run>>>,
    events: Arc<Mutex<Vec<(Level, Told)>>>,
    hook: fn(&'static str),
}

impl Runs {
    fn new(hook: fn(&'static str)) -> Self {
        Self { list: Arc::default(), events: Arc::default(), hook }
    }

    fn all(&self) -> MutexGuard<'_, Vec<Run>> {
        self.list.lock().expect("not poisoned")
    }

    fn update(&self, id: &Id, update: impl FnOnce(&mut Run)) {
        update(&mut self.all()[usize::try_from(id.into_u64() - 1).expect("few runs")]);
    }

    /// The names of the runs and their outcomes. All are left and closed.
    fn outcomes(&self) -> Vec<(String, String)> {
        let runs = self.all();
        assert!(runs.iter().all(|run| run.is_closed && !run.is_inside), "{runs:?}");
        runs.iter().map(|run| (run.name.clone(), run.outcome.clone())).collect()
    }
}

impl Subscriber for Runs {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target() == "memofn"
    }
    fn new_span(&self, attributes: &Attributes<'_>) -> Id {
        (self.hook)("new_span");
        let mut runs = self.all();
        let parent = runs.iter().rev().find(|run| run.is_inside).map(|run| run.name.clone());
        let mut run = Run { parent, ..Run::default() };
        attributes.record(&mut run);
        runs.push(run);
        Id::from_u64(runs.len() as u64)
    }
    fn record(&self, id: &Id, values: &Record<'_>) {
        (self.hook)("record");
        self.update(id, |run| values.record(run));
    }
    fn enter(&self, id: &Id) {
        (self.hook)("enter");
        self.update(id, |run| {
            assert!(!std::mem::replace(&mut run.is_inside, true));
            run.entered += 1;
        });
    }
    fn exit(&self, id: &Id) {
        self.update(id, |run| assert!(std::mem::take(&mut run.is_inside)));
        (self.hook)("exit");
    }
    fn try_close(&self, id: Id) -> bool {
        self.update(&id, |run| run.is_closed = true);
        (self.hook)("try_close");
        true
    }
    fn record_follows_from(&self, _: &Id, _: &Id) {}
    fn event(&self, event: &Event<'_>) {
        let mut told = Told::default();
        event.record(&mut told);
        self.events.lock().expect("not poisoned").push((*event.metadata().level(), told));
    }
}

/// The fields of an event.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Told {
    name: String,
    message: String,
}

impl Visit for Told {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.record_str(field, &format!("{value:?}"));
    }
    fn record_str(&mut self, field: &Field, value: &str) {
        match field.name() {
            "name" => value.clone_into(&mut self.name),
            "message" => value.clone_into(&mut self.message),
            other => panic!("no such field: {other}"),
        }
    }
}

fn traced(act: impl FnOnce(&Runs)) -> Runs {
    let runs = Runs::new(|_| {});
    with_default(runs.clone(), || act(&runs));
    runs
}

fn named(name: &str, outcomes: &[&str]) -> Vec<(String, String)> {
    outcomes.iter().map(|outcome| (name.to_owned(), (*outcome).to_owned())).collect()
}

macro_rules! in_every_scope {
    ($($name:ident $scope:literal;)*) => {$(
        #[test]
        fn $name() {
            #[memoize(name = "f", scope = $scope)]
            fn f(n: u32) -> Result<u32, String> {
                match n {
                    0 => Err("zero".to_owned()),
                    1 => {
                        f::cache_clear();
                        Ok(1)
                    }
                    100 => panic_silently("hundred"),
                    _ => Ok(n),
                }
            }

            #[memoize(name = "g", scope = $scope)]
            async fn g(n: u32) -> u32 {
                n
            }

            let runs = traced(|runs| {
                let _ = (f(2), f(2), f(0), f(1));
                assert_eq!(panic_of(|| f(100)), "hundred");
                let _ = (f::cache_refresh(2), f::cache_call(3), f::cache_call(3), f::uncached(4));
                assert_eq!(runs.all().len(), 6, "a hit has no span");
                f::cache_enable(false);
                let _ = (f(2), f(0), block_on(g(2)));
                g::cache_enable(false);
                let _ = block_on(g(2));
                assert_eq!(panic_of(|| f(100)), "hundred");
            });
            let outcomes = ["stored", "error", "outdated", "panicked", "stored", "stored"];
            let mut expected = named("f", &outcomes);
            expected.extend(named("f", &["bypassed", "bypassed"]));
            expected.extend(named("g", &["stored", "bypassed"]));
            expected.extend(named("f", &["panicked"]));
            assert_eq!(runs.outcomes(), expected);
            assert!(runs.all().iter().all(|run| run.entered == 1));
        }
    )*};
}
in_every_scope! {
    each_run_in_a_shared_cache_has_a_span_with_its_outcome "shared";
    each_run_in_a_threads_cache_has_a_span_with_its_outcome "thread";
}

#[test]
fn a_run_whose_value_is_copied_into_a_compact_entry_is_stored() {
    #[memoize(name = "f", maxsize = unbounded)]
    fn f(n: u32) -> u32 {
        n
    }

    #[memoize(name = "g", maxsize = unbounded)]
    async fn g(n: u32) -> u32 {
        ready(n).await
    }

    let runs = traced(|_| assert_eq!((f(1), block_on(g(1))), (1, 1)));
    assert_eq!(runs.outcomes(), [named("f", &["stored"]), named("g", &["stored"])].concat());
}

#[test]
fn a_run_that_checks_a_hit_says_so() {
    #[memoize(name = "checked")]
    fn f(n: u32) -> u32 {
        n
    }
    #[memoize(name = "checked later")]
    async fn later(n: u32) -> u32 {
        ready(n).await
    }

    let runs = traced(|_| {
        let _checks = (check_purity(f::cache(), 1), check_purity(later::cache(), 1));
        let _ = (f(1), f(1));
        block_on(async { (later(1).await, later(1).await) });
    });
    let mut expected = named("checked", &["stored", "checked"]);
    expected.extend(named("checked later", &["stored", "checked"]));
    assert_eq!(runs.outcomes(), expected);
}

#[test]
fn a_result_that_is_refused_or_finds_no_room_says_so() {
    #[memoize(name = "some", cache_if = Option::is_some)]
    fn some(n: u32) -> Option<u32> {
        n.checked_sub(1)
    }
    #[memoize(name = "none", maxsize = 0)]
    fn none(n: u32) -> u32 {
        n
    }

    #[memoize(name = "brief", ttl = |n| Duration::from_secs(u64::from(*n)))]
    fn brief(n: u32) -> u32 {
        n
    }

    let runs = traced(|_| {
        let _ = (some(0), some(1), none(1), brief(0), brief(1));
        let cache: Cache<u32, u32> = Cache::builder().name("by hand").build();
        cache.get_or_compute(1, || 1);
    });
    let outcomes = [
        ("some", "rejected"),
        ("some", "stored"),
        ("none", "unstored"),
        ("brief", "rejected"),
        ("brief", "stored"),
        ("by hand", "stored"),
    ];
    assert_eq!(runs.outcomes(), outcomes.map(|(name, it)| (name.to_owned(), it.to_owned())));
}

#[test]
fn a_body_runs_inside_its_span() {
    #[memoize(name = "outer")]
    fn outer(n: u32) -> u32 {
        inner(n) + inner(n)
    }
    #[memoize(name = "inner")]
    fn inner(n: u32) -> u32 {
        n
    }

    let runs = traced(|_| assert_eq!(outer(1), 2));
    assert_eq!(runs.all()[1].parent.as_deref(), Some("outer"));
    assert_eq!(runs.all()[0].parent, None);
    assert_eq!(runs.all().len(), 2);
}

/// Returns `Pending` so many times.
async fn pause(mut times: usize, check: impl Fn()) {
    poll_fn(|cx| {
        check();
        cx.waker().wake_by_ref();
        match times.checked_sub(1) {
            None => Poll::Ready(()),
            Some(left) => {
                times = left;
                Poll::Pending
            }
        }
    })
    .await;
}

#[test]
fn the_span_of_an_async_run_is_entered_at_each_poll_and_left_between() {
    #[memoize(name = "async")]
    async fn f(n: u32) -> Result<u32, Rc<str>> {
        pause(2, || {}).await;
        if n == 0 { Err(Rc::from("zero")) } else { Ok(n) }
    }

    let runs = traced(|runs| {
        block_on(async {
            let mut call = pin!(f(1));
            while futures::poll!(call.as_mut()).is_pending() {
                assert!(!runs.all()[0].is_inside);
            }
            assert!(f(0).await.is_err());
            assert!(f(1).await.is_ok());
            assert!(f::cache_refresh(1).await.is_ok());
        });
    });
    assert_eq!(runs.outcomes(), named("async", &["stored", "error", "stored"]));
    assert!(runs.all().iter().all(|run| run.entered == 3));
}

#[test]
fn an_async_run_that_is_dropped_is_cancelled_and_one_that_panics_has_panicked() {
    #[memoize(name = "dropped", skip(panics))]
    async fn f(n: u32, panics: bool) -> u32 {
        pause(1, || {}).await;
        if panics { panic_silently("half way") } else { n }
    }

    let runs = traced(|_| {
        block_on(async {
            let mut call = Box::pin(f(1, false));
            assert!(futures::poll!(call.as_mut()).is_pending());
            drop(call);
            let mut call = Box::pin(f(1, true));
            assert!(futures::poll!(call.as_mut()).is_pending());
            // The future is dropped after the panic was caught, as executors do.
            let cx = &mut std::task::Context::from_waker(futures::task::noop_waker_ref());
            assert!(catch_unwind(AssertUnwindSafe(|| call.as_mut().poll(cx))).is_err());
            drop(call);
            assert_eq!(f(1, false).await, 1);
        });
    });
    assert_eq!(runs.outcomes(), named("dropped", &["cancelled", "panicked", "stored"]));
}

#[memoize(name = "asked by the subscriber", maxsize = 1)]
fn asked(n: u64) -> u64 {
    n
}

#[test]
fn a_subscriber_may_call_memoized_functions() {
    fn ask(_method: &'static str) {
        static CALLS: AtomicU64 = AtomicU64::new(0);
        asked(CALLS.fetch_add(1, Relaxed));
        asked(7);
    }
    #[memoize(name = "async")]
    async fn f(n: u64) -> u64 {
        pause(1, || {}).await;
        asked(n)
    }

    finishes("a subscriber that calls", || {
        let runs = Runs::new(ask);
        with_default(runs.clone(), || {
            assert_eq!((asked(7), asked(8), block_on(f(9))), (7, 8, 9));
            asked::cache_clear();
            assert_eq!(asked(7), 7);
        });
        // The subscriber may have computed a key in the middle of the run of that key.
        let outcomes = runs.outcomes();
        assert!(outcomes.iter().all(|(_, it)| it == "stored" || it == "unstored"), "{outcomes:?}");
        // The calls of the subscriber itself have no span.
        assert!(runs.all().len() <= 5);
    });
}

#[test]
fn a_subscriber_that_panics_leaves_the_cache_in_order() {
    #[memoize(scope = "thread")]
    fn f(n: u32) -> u32 {
        n
    }
    #[memoize]
    async fn g(n: u32) -> u32 {
        pause(1, || {}).await;
        n
    }

    macro_rules! panics_at {
        ($($method:literal)*) => {$({
            fn hook(method: &'static str) {
                // Only once: a second panic during the first would end the process.
                if method == $method && !std::thread::panicking() {
                    panic_silently($method);
                }
            }
            f::cache_clear();
            g::cache_clear();
            with_default(Runs::new(hook), || {
                assert_eq!(panic_of(|| f(1)), $method);
                assert_eq!(panic_of(|| block_on(g(1))), $method);
            });
            assert_eq!((f(1), f(2), block_on(g(1)), block_on(g(2))), (1, 2, 1, 2));
            assert_eq!((f::cache_info().currsize, g::cache_info().currsize), (2, 2));
        })*};
    }
    finishes("a subscriber that panics", || {
        panics_at!("new_span" "enter" "record" "exit");
    });
}

#[test]
fn a_failed_refresh_and_an_old_value_that_answers_are_warnings() {
    const MINUTE: Duration = Duration::from_secs(60);
    let clock = Clock::stop();
    let rates = Cache::builder()
        .name("rates")
        .ttl(2 * MINUTE)
        .refresh_after(MINUTE)
        .stale_if_error(MINUTE)
        .build();
    let runs = traced(|_| {
        rates.insert("EUR", 10);
        clock.advance(MINUTE);
        assert_eq!(rates.get_or_try_compute("EUR", || Err("down")), Ok(10));
        clock.advance(MINUTE);
        assert_eq!(rates.get_or_try_compute("EUR", || Err("down")), Ok(10));
        clock.advance(MINUTE);
        assert_eq!(rates.get_or_try_compute("EUR", || Err("down")), Err("down"));
    });
    let told = |message: &str| Told { name: "rates".to_owned(), message: message.to_owned() };
    let warnings = [
        "a refresh has failed, and the old value stays",
        "a run has failed, and a value past its time to live answers",
    ];
    let warnings = warnings.map(|message| (Level::WARN, told(message)));
    assert_eq!(*runs.events.lock().expect("not poisoned"), warnings);
    assert_eq!(runs.outcomes(), named("rates", &["error", "error", "error"]));
}

#[test]
fn without_a_subscriber_runs_have_no_span() {
    #[memoize]
    fn f(n: u32) -> u32 {
        assert!(::tracing::Span::current().is_none());
        n
    }
    assert_eq!((f(1), f(1)), (1, 1));
}
