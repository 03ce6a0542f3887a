//! `on_evict`: what the listener hears, when, and on which thread; what happens if it calls the cache or panics.

mod common;

use common::{Caller, all_return, counts, finishes, panic_of, panic_silently, side_by_side};
use futures::executor::block_on;
use memofn::EvictionCause::{self, Cleared, Expired, Removed, Replaced, Size};
use memofn::testing::Clock;
use memofn::{Cache, memoize, scope};
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fmt::Debug;
use std::future::ready;
use std::hash::Hash;
use std::mem;
use std::rc::Rc;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering::SeqCst};
use std::sync::{Arc, Mutex};
use std::thread::{self, ThreadId};
use std::time::Duration;

/// What a listener has heard.
type Log<K, V> = Mutex<Vec<(K, V, EvictionCause)>>;

fn take<T>(log: &Mutex<Vec<T>>) -> Vec<T> {
    mem::take(&mut log.lock().unwrap())
}

fn note<K: Clone, V: Clone>(log: &Log<K, V>, key: &K, value: &V, why: EvictionCause) {
    log.lock().unwrap().push((key.clone(), value.clone(), why));
}

const LIFE: Duration = Duration::from_secs(10);

/// Makes values leave in every way, and checks what is heard of each.
macro_rules! every_way_out {
    ($f:ident, $log:ident, |$call:ident| $run:expr) => {{
        let clock = Clock::stop();
        let call = |$call: u64| assert_eq!($run, $call * $call);
        let heard = || take(&$log);
        (1..=3).for_each(call);
        assert_eq!(heard(), [(1, 1, Size)]);
        assert_eq!($f::cache_remove(2), Some(4));
        assert_eq!(heard(), [(2, 4, Removed)]);
        $f::cache_insert(3, 10);
        assert_eq!(heard(), [(3, 9, Replaced)]);
        call(4);
        $f::cache().retain(|key, _| *key != 3);
        assert_eq!(heard(), [(3, 10, Removed)]);
        $f::cache().remove_if(|key| *key == 4);
        assert_eq!(heard(), [(4, 16, Removed)]);
        call(5);
        $f::cache_clear();
        assert_eq!(heard(), [(5, 25, Cleared)]);
        (6..=7).for_each(call);
        $f::cache().set_maxsize(1);
        assert_eq!(heard(), [(6, 36, Size)]);
        clock.advance(LIFE);
        assert_eq!(heard(), []);
        call(7);
        assert_eq!(heard(), [(7, 49, Expired)]);
        clock.advance(LIFE);
        assert_eq!($f::cache_remove(7), None);
        assert_eq!(heard(), [(7, 49, Expired)]);
    }};
}

#[test]
fn each_way_out_is_told_once_with_its_cause() {
    static LOG: Log<u64, u64> = Log::new(Vec::new());

    #[memoize(maxsize = 2, ttl = "10s", on_evict = |key, value, why| note(&LOG, key, value, why))]
    fn square(n: u64) -> u64 {
        n * n
    }

    every_way_out!(square, LOG, |n| square(n));
    square::cache_refresh(8);
    square::cache_refresh(8);
    assert_eq!(take(&LOG), [(8, 64, Replaced)]);
}

#[test]
fn each_way_out_of_the_cache_of_a_thread_is_told() {
    static LOG: Log<u64, u64> = Log::new(Vec::new());

    #[memoize(
        scope = "thread",
        maxsize = 2,
        ttl = "10s",
        on_evict = |key, value, why| note(&LOG, key, value, why)
    )]
    fn square(n: u64) -> u64 {
        n * n
    }

    every_way_out!(square, LOG, |n| square(n));
}

#[test]
fn each_way_out_of_the_cache_of_an_async_function_is_told() {
    static LOG: Log<u64, u64> = Log::new(Vec::new());

    #[memoize(maxsize = 2, ttl = "10s", on_evict = |key, value, why| note(&LOG, key, value, why))]
    async fn square(n: u64) -> u64 {
        ready(n * n).await
    }

    every_way_out!(square, LOG, |n| block_on(square(n)));
    block_on(square::cache_refresh(7));
    block_on(square::cache_refresh(7));
    assert_eq!(take(&LOG), [(7, 49, Replaced)]);
}

#[test]
fn what_was_never_stored_never_left() {
    static LOG: Log<u64, u64> = Log::new(Vec::new());

    #[memoize(maxsize = 0, on_evict = |key, value, why| note(&LOG, key, value, why))]
    fn without_room(n: u64) -> u64 {
        n
    }

    #[memoize(ttl = "0s", on_evict = |key, value, why| note(&LOG, key, value, why))]
    fn without_time(n: u64) -> u64 {
        n
    }

    #[memoize(on_evict = |key, value, why| note(&LOG, key, value, why))]
    fn failing(n: u64) -> Result<u64, String> {
        Err(n.to_string())
    }

    #[memoize(cache_if = |value| *value > 9, on_evict = |key, value, why| note(&LOG, key, value, why))]
    fn refused(n: u64) -> u64 {
        n
    }

    #[memoize(on_evict = |key, value, why| note(&LOG, key, value, why))]
    fn outdated(n: u64) -> u64 {
        outdated::cache_remove(n);
        n
    }

    let _clock = Clock::stop();
    without_room(1);
    without_time(1);
    without_time::cache_insert(1, 2);
    assert!(failing(1).is_err());
    refused(1);
    outdated(1);
    without_room::cache_clear();
    without_time::cache_clear();
    failing::cache_clear();
    refused::cache_clear();
    outdated::cache_clear();
    assert_eq!(take(&LOG), []);
}

#[test]
fn a_refresh_that_fails_leaves_the_value_where_it_is() {
    static LOG: Log<u64, u64> = Log::new(Vec::new());
    static RUNS: AtomicU64 = AtomicU64::new(0);

    #[memoize(on_evict = |key, value, why| note(&LOG, key, value, why))]
    fn flaky(n: u64) -> Result<u64, String> {
        if RUNS.fetch_add(1, SeqCst) == 1 { Err(n.to_string()) } else { Ok(n) }
    }

    assert_eq!(flaky(1), Ok(1));
    assert!(flaky::cache_refresh(1).is_err());
    assert_eq!((take(&LOG), flaky(1)), (vec![], Ok(1)));
    assert_eq!(flaky::cache_refresh(1), Ok(1));
    assert_eq!(take(&LOG), [(1, 1, Replaced)]);
}

#[test]
fn the_listener_sees_the_key_and_the_value_that_the_cache_holds() {
    static HEARD: Mutex<Vec<String>> = Mutex::new(Vec::new());

    fn heard(key: &impl Debug, value: &impl Debug, why: EvictionCause) {
        HEARD.lock().unwrap().push(format!("{key:?} {value:?} {why}"));
    }

    fn by_path<K: Debug, V: Debug>(key: &K, value: &V, why: EvictionCause) {
        heard(key, value, why);
    }

    fn made() -> impl Fn(&(), &u8, EvictionCause) + Send + Sync {
        let kept = String::from("kept");
        move |key, value, why| heard(key, &format!("{kept} {value}"), why)
    }

    #[derive(Debug, Clone)]
    struct Answer(u8);

    struct User {
        id: u32,
        names: Vec<String>,
    }

    // The methods that the listeners call need the types of keys and values.
    #[memoize(on_evict = |key, value, why| heard(&key.0.len(), &value.len(), why))]
    fn several(text: &str, n: u8) -> Result<String, u8> {
        if n > 0 { Ok(text.repeat(n.into())) } else { Err(n) }
    }

    #[memoize(on_evict = |key, value, why| heard(key, &value.is_err(), why), cache_if = |_| true)]
    fn whole(n: u8) -> Result<u8, String> {
        Err(n.to_string())
    }

    #[memoize(on_evict = made())]
    fn none() -> u8 {
        7
    }

    #[memoize(key = (user.id, user.names.len()), on_evict = |key, value, why| {
        heard(&key.1.count_ones(), &value.0.count_ones(), why);
    })]
    fn keyed(user: &User) -> Answer {
        Answer(user.names.len().to_le_bytes()[0])
    }

    #[memoize(on_evict = by_path)]
    fn generic<T: Hash + Eq + Clone + Debug + Send + Sync + 'static>(item: T) -> Vec<T> {
        vec![item]
    }

    #[memoize(on_evict = |price: &Option<String>, _, why| heard(price, &"", why))]
    fn optional(price: Option<&str>) -> usize {
        price.map_or(0, str::len)
    }

    several("ab", 2).unwrap();
    several::cache_clear();
    assert!(whole(3).is_err());
    whole::cache_clear();
    none();
    none::cache_clear();
    keyed(&User { id: 1, names: vec!["Ann".to_owned(); 3] });
    keyed::cache_clear();
    generic(1_u8);
    generic('a');
    generic::<u8>::cache_clear();
    generic::<char>::cache_clear();
    optional(Some("1 €"));
    optional::cache_clear();
    let expected = [
        "2 4 cleared",
        "3 true cleared",
        "() \"kept 7\" cleared",
        "2 2 cleared",
        "1 [1] cleared",
        "'a' ['a'] cleared",
        "Some(\"1 €\") \"\" cleared",
    ];
    assert_eq!(take(&HEARD), expected);
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Side(u32);

static SIDES: Log<Side, u32> = Log::new(Vec::new());
static SIDES_BY: Log<(Side, u32), u32> = Log::new(Vec::new());
static FROM: Log<u32, Side> = Log::new(Vec::new());

impl Side {
    #[memoize(on_evict = |side, area, why| note(&SIDES, side, area, why))]
    fn area(&self) -> u32 {
        self.0 * self.0
    }
}

#[memoize(on_evict = |key, side, why| note(&FROM, key, side, why))]
impl Side {
    #[memoize]
    fn new(of: u32) -> Self {
        Self(of)
    }
}

trait Scaled {
    fn scaled(&self, by: u32) -> u32;
}

#[memoize(controls = ScaledSides)]
impl Scaled for Side {
    #[memoize(on_evict = |(side, by), value, why| note(&SIDES_BY, &(side.clone(), *by), value, why))]
    fn scaled(&self, by: u32) -> u32 {
        self.0 * by
    }
}

#[test]
fn methods_have_listeners() {
    let side = Side::new(3);
    assert_eq!((side.area(), side.scaled(2)), (9, 6));
    assert_eq!(side.area_remove(), Some(9));
    assert_eq!(take(&SIDES), [(Side(3), 9, Removed)]);
    Side::new_cache().clear();
    assert_eq!(take(&FROM), [(3, Side(3), Cleared)]);
    Side::scaled_cache().clear();
    assert_eq!(take(&SIDES_BY), [((Side(3), 2), 6, Cleared)]);
}

#[test]
fn expiry_is_told_when_somebody_calls() {
    static LOG: Log<u64, u64> = Log::new(Vec::new());

    #[memoize(maxsize = 1000, ttl = "10s", on_evict = |key, value, why| note(&LOG, key, value, why))]
    fn square(n: u64) -> u64 {
        n * n
    }

    let clock = Clock::stop();
    (0..500).for_each(|n| _ = square(n));
    clock.advance(LIFE);
    assert_eq!(take(&LOG), []);
    // A call pays for some of them, a question about the whole cache for all.
    square(1000);
    let first = take(&LOG);
    assert!((1..=64).contains(&first.len()), "{}", first.len());
    assert_eq!(square::cache_info().expirations, 500);
    let all: BTreeMap<_, _> = first.into_iter().chain(take(&LOG)).map(|it| (it.0, it.2)).collect();
    assert_eq!(all, (0..500).map(|n| (n, Expired)).collect());
    assert_eq!(take(&LOG), []);
}

#[test]
fn the_end_of_a_cache_tells_nothing() {
    static LOG: Log<u64, u64> = Log::new(Vec::new());

    #[memoize(scope = "thread", on_evict = |key, value, why| note(&LOG, key, value, why))]
    fn square(n: u64) -> u64 {
        n * n
    }

    let cache = Cache::builder()
        .on_evict(|key: &u64, value: &u64, why| note(&LOG, key, value, why))
        .build();
    cache.insert(1, 1);
    drop(cache);
    thread::spawn(|| square(2)).join().unwrap();
    assert_eq!(take(&LOG), []);
}

#[test]
fn the_call_that_makes_a_value_leave_runs_the_listener() {
    static HEARD: Mutex<Vec<(u64, ThreadId)>> = Mutex::new(Vec::new());

    #[memoize(maxsize = 1, on_evict = |key, _, _| {
        HEARD.lock().unwrap().push((*key, thread::current().id()));
    })]
    fn square(n: u64) -> u64 {
        n * n
    }

    square(1);
    let other = thread::spawn(|| {
        square(2);
        thread::current().id()
    });
    let other = other.join().unwrap();
    square(3);
    assert_eq!(take(&HEARD), [(1, other), (2, thread::current().id())]);
}

#[test]
fn the_listener_may_call_the_cache() {
    static LOG: Log<u64, u64> = Log::new(Vec::new());

    #[memoize(maxsize = 2, ttl = "10s", on_evict = |key, value, why| {
        // It is gone, and the limit holds.
        assert!(square::cache_peek(*key).is_none() || why == Replaced);
        assert!(square::cache_info().currsize <= 2);
        note(&LOG, key, value, why);
        match *key {
            // The key that has just left, which makes another leave.
            1 => _ = square(1),
            2 => _ = square::cache_remove(9),
            4 => square::cache_clear(),
            _ => {}
        }
    })]
    fn square(n: u64) -> u64 {
        n * n
    }

    finishes("a listener that calls the cache", || {
        let clock = Clock::stop();
        (1..=3).for_each(|n| _ = square(n));
        assert_eq!(take(&LOG), [(1, 1, Size), (2, 4, Size)]);
        assert_eq!((square::cache_peek(1), square::cache_peek(3)), (Some(1), Some(9)));
        square(4);
        assert_eq!(take(&LOG), [(3, 9, Size)]);
        clock.advance(LIFE);
        square(5);
        let mut heard = take(&LOG);
        heard.sort_unstable_by_key(|it| it.0);
        // The listener of 1 runs the body again, and that of 4 clears what is there by then.
        assert_eq!(heard[..2], [(1, 1, Expired), (1, 1, Cleared)], "{heard:?}");
        assert_eq!(heard[2..], [(4, 16, Expired)], "{heard:?}");
    });
}

#[test]
fn a_listener_of_a_thread_may_call_the_cache() {
    #[memoize(scope = "thread", maxsize = 1, on_evict = |key, _, _| {
        if *key > 0 {
            countdown(*key - 1);
        }
    })]
    fn countdown(n: u64) -> u64 {
        n
    }

    countdown(10);
    countdown(100);
    // 10 leaves and calls for 9, which evicts 100; that calls for 99, which evicts 9, and so on down to 0.
    let info = countdown::cache_info();
    assert_eq!((info.misses, info.evictions, info.currsize), (22, 21, 1));
}

#[test]
fn a_panic_passes_to_the_call_after_the_books_are_right() {
    static HEARD: Log<u64, u64> = Log::new(Vec::new());

    #[memoize(maxsize = 2, ttl = "10s", on_evict = |key, value, why| {
        note(&HEARD, key, value, why);
        panic_silently(["0", "1", "2", "3", "4", "5"][*key as usize]);
    })]
    fn square(n: u64) -> u64 {
        n * n
    }

    let clock = Clock::stop();
    square(1);
    square(2);
    // The new value is stored, and the old one gone.
    assert_eq!(panic_of(|| square(3)), "1");
    assert_eq!((square::cache_peek(1), square::cache_peek(3)), (None, Some(9)));
    assert_eq!(counts(square::cache_info()), (0, 3, Some(2), 2));
    assert_eq!((square(2), square(3)), (4, 9));
    assert_eq!(panic_of(|| square::cache_insert(3, 10)), "3");
    assert_eq!(square(3), 10);
    assert_eq!(panic_of(|| square::cache_remove(3)), "3");
    assert_eq!(square::cache_info().currsize, 1);
    // Others that leave with it are told, too.
    square(4);
    take(&HEARD);
    let first = panic_of(square::cache_clear);
    let mut heard = take(&HEARD);
    assert_eq!(first, heard[0].0.to_string());
    heard.sort_unstable_by_key(|it| it.0);
    assert_eq!(heard, [(2, 4, Cleared), (4, 16, Cleared)]);
    assert_eq!(counts(square::cache_info()), (0, 0, Some(2), 0));
    square(1);
    square(2);
    clock.advance(LIFE);
    assert_eq!(panic_of(|| square(5)), "1");
    assert_eq!(take(&HEARD), [(1, 1, Expired), (2, 4, Expired)]);
    // That call ended before it ran the body.
    assert_eq!((square(5), square::cache_info().currsize), (25, 1));
    assert_eq!(panic_of(|| square::cache().set_maxsize(0)), "5");
    assert_eq!(counts(square::cache_info()), (0, 3, Some(0), 0));
}

#[test]
fn what_a_run_has_computed_is_stored_although_the_listener_panics() {
    #[memoize(ttl = "10s", skip(clock), on_evict = |_, _, _| panic_silently("expired"))]
    fn slow(n: u64, clock: &Clock) -> u64 {
        clock.advance(LIFE);
        n
    }

    let clock = Clock::stop();
    assert_eq!(slow(1, &clock), 1);
    // The first one expires while the second is computed.
    assert_eq!(panic_of(|| slow(2, &clock)), "expired");
    assert_eq!(slow(2, &clock), 2);
    assert_eq!(counts(slow::cache_info()), (1, 2, Some(128), 1));
}

#[test]
fn the_waiters_of_a_run_get_its_value_although_the_listener_panics() {
    #[memoize(maxsize = 1, key = caller.clone(), on_evict = |_, _, _| panic_silently("told"))]
    fn number(caller: &Caller) -> u32 {
        if caller.key == 1 && caller.leads() {
            caller.await_followers(3);
        }
        caller.key
    }

    finishes("waiters", || {
        number(&Caller::several(0, 1)[0]);
        let mut ends = side_by_side(Caller::several(1, 4), |caller| number(&caller));
        ends.sort_by_key(Result::is_ok);
        let why = ends.remove(0).expect_err("the leader hears of the eviction");
        assert_eq!(why.downcast_ref(), Some(&"told"));
        assert_eq!(all_return(ends), [1, 1, 1]);
        assert_eq!(number::cache_info().coalesced, 3);
    });
}

#[test]
fn a_call_for_many_keys_stores_all_although_the_listener_panics() {
    let told = Arc::new(AtomicU32::new(0));
    let count = Arc::clone(&told);
    let cache = Cache::builder()
        .maxsize(3)
        .on_evict(move |_: &u32, _: &u32, _| {
            count.fetch_add(1, SeqCst);
            panic_silently("told");
        })
        .build();
    cache.extend((1..=3).map(|n| (n, n)));
    let many = || {
        cache.get_many_or_compute([4, 5, 6], |keys| keys.iter().map(|n| n * n).collect::<Vec<_>>())
    };
    assert_eq!(panic_of(many), "told");
    assert_eq!(told.load(SeqCst), 3);
    assert_eq!(
        cache.get_many_or_compute([4, 5, 6], |_| -> Vec<u32> { unreachable!() }),
        [16, 25, 36]
    );
}

/// Each value has a number. Threads call, replace and remove, and each number that was stored is heard of once.
#[test]
fn two_threads_hear_of_each_value_once() {
    const THREADS: u64 = 2;
    const STEPS: u64 = if cfg!(debug_assertions) { 20_000 } else { 200_000 };
    let told = Arc::new(Mutex::new(BTreeMap::<u64, u32>::new()));
    let made = AtomicU64::new(0);
    let book = Arc::clone(&told);
    let cache = Cache::builder()
        .maxsize(8)
        .on_evict(move |key: &u64, value: &Arc<(u64, u64)>, _| {
            assert_eq!(value.0, *key);
            *book.lock().unwrap().entry(value.1).or_default() += 1;
        })
        .build();
    finishes("two threads", move || {
        let value = |key| Arc::new((key, made.fetch_add(1, SeqCst)));
        // The values that are surely stored. A run that lands after a removal is not.
        let kept = Mutex::new(Vec::new());
        let threads = (0..THREADS).collect();
        all_return(side_by_side(threads, |thread| {
            let mut state = thread;
            for _ in 0..STEPS {
                state = state.wrapping_mul(0x5851_F42D_4C95_7F2D).wrapping_add(2 * thread + 1);
                let key = state >> 40 & 15;
                match state >> 60 {
                    0 | 1 => {
                        let inserted = value(key);
                        kept.lock().unwrap().push(inserted.1);
                        cache.insert(key, inserted);
                    }
                    2 => _ = cache.remove(&key),
                    3 => cache.remove_if(|it| *it == key),
                    _ => assert_eq!(cache.get_or_compute(key, || value(key)).0, key),
                }
            }
        }));
        let stored: Vec<u64> = cache.iter().map(|entry| entry.value().1).collect();
        let heard = told.lock().unwrap().clone();
        assert!(stored.iter().all(|number| !heard.contains_key(number)));
        cache.clear();
        let heard = told.lock().unwrap().clone();
        assert!(heard.values().all(|times| *times == 1));
        let inserted = kept.into_inner().unwrap();
        assert!(inserted.iter().chain(&stored).all(|number| heard.contains_key(number)));
    });
}

#[test]
fn builders_and_closures_keep_their_listener() {
    static LOG: Log<u64, u64> = Log::new(Vec::new());
    let builder =
        Cache::builder().maxsize(1).on_evict(|key, value, why| note(&LOG, key, value, why));
    for cache in [builder.clone().build(), builder.clone().build()] {
        cache.extend([(1, 1), (2, 4)]);
        assert_eq!(take(&LOG), [(1, 1, Size)]);
    }
    let square = builder.memoize_fn(|n: u64| n * n);
    assert_eq!((square.call(1), square.call(2)), (1, 4));
    assert_eq!(take(&LOG), [(1, 1, Size)]);
    // The new cache is one of this thread alone.
    let here = square.here();
    assert_eq!((here.call(3), here.call(4)), (9, 16));
    assert_eq!(take(&LOG), [(3, 9, Size)]);
}

#[test]
fn values_of_a_thread_need_not_be_send() {
    thread_local! {
        static GONE: RefCell<Vec<Rc<str>>> = const { RefCell::new(Vec::new()) };
    }

    #[memoize(scope = "thread", maxsize = 1, on_evict = |_, value, _| {
        GONE.with_borrow_mut(|gone| gone.push(Rc::clone(value)));
    })]
    fn name(n: u64) -> Rc<str> {
        n.to_string().into()
    }

    (1..=2).for_each(|n| _ = name(n));
    let cache: Cache<u8, Rc<str>, scope::Thread> = Cache::builder()
        .on_evict(|_, value, _| GONE.with_borrow_mut(|gone| gone.push(Rc::clone(value))))
        .build_for_thread();
    cache.insert(1, "a".into());
    cache.clear();
    assert_eq!(GONE.take(), [Rc::from("1"), Rc::from("a")]);
}

#[test]
fn a_listener_may_start_a_task_that_awaits() {
    static TASKS: Mutex<Vec<futures::future::BoxFuture<'static, u64>>> = Mutex::new(Vec::new());

    #[memoize(maxsize = 1, on_evict = |key, _, _| {
        let key = *key;
        TASKS.lock().unwrap().push(Box::pin(async move { square(key).await }));
    })]
    async fn square(n: u64) -> u64 {
        ready(n * n).await
    }

    assert_eq!(block_on(async { square(3).await + square(4).await }), 25);
    let task = TASKS.lock().unwrap().pop().unwrap();
    assert_eq!(block_on(task), 9);
}
