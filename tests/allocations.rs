//! Rule 1: a hit allocates nothing, except in the `Clone` of its value.
//!
//! There is a test for each kind of argument, and for many options and results. The allocator counts the
//! allocations of the calling thread only, so that other tests do not disturb.
#![allow(unsafe_code, reason = "a global allocator cannot be written without")]
#![allow(
    clippy::boxed_local,
    clippy::many_single_char_names,
    clippy::too_many_arguments,
    clippy::unnecessary_wraps,
    reason = "the arguments are there to be keys"
)]

use memofn::testing::Clock;
use memofn::{Cache, memoize};
use std::alloc::{GlobalAlloc, Layout, System};
use std::borrow::Cow;
use std::cell::Cell;
use std::future::{poll_fn, ready};
use std::io;
use std::path::Path;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::thread;
use std::time::Duration;

struct Counting;

#[global_allocator]
static ALLOCATOR: Counting = Counting;

thread_local! {
    static ALLOCATIONS: Cell<u64> = const { Cell::new(0) };
}

fn count_one() {
    ALLOCATIONS.set(ALLOCATIONS.get() + 1);
}

// SAFETY: each method calls the system's allocator with the same arguments. The counter is a thread-local that
// neither allocates nor has a destructor.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count_one();
        // SAFETY: the caller's promises are passed on.
        unsafe { System.alloc(layout) }
    }
    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        count_one();
        // SAFETY: the caller's promises are passed on.
        unsafe { System.alloc_zeroed(layout) }
    }
    unsafe fn realloc(&self, old: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        count_one();
        // SAFETY: the caller's promises are passed on.
        unsafe { System.realloc(old, layout, size) }
    }
    unsafe fn dealloc(&self, old: *mut u8, layout: Layout) {
        // SAFETY: the caller's promises are passed on.
        unsafe { System.dealloc(old, layout) }
    }
}

fn allocations<R>(run: impl FnOnce() -> R) -> (R, u64) {
    let before = ALLOCATIONS.get();
    let result = run();
    (result, ALLOCATIONS.get() - before)
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Point {
    x: i32,
    label: String,
}

/// One test for each kind of argument: the second call is a hit and allocates nothing.
macro_rules! a_hit_allocates_nothing_for {
    ($($kind:ident: ($($options:tt)*) $($arg:ident: $Arg:ty = $value:expr),*;)*) => {$(
        #[test]
        fn $kind() {
            // No entry expires while the clock stands still.
            let _clock = Clock::stop();
            called_twice!(($($options)*) $($arg: $Arg = $value),*; u64 = 7);
        }
    )*};
}

macro_rules! called_twice {
    (($($options:tt)*) $($arg:ident: $Arg:ty = $value:expr),*; $Result:ty = $result:expr) => {{
        #[memoize($($options)*)]
        fn function($($arg: $Arg),*) -> $Result {
            $(let _ = $arg;)*
            $result
        }

        for hits in 0..2 {
            // Allocations for the arguments do not count.
            $(let $arg: $Arg = $value;)*
            let (_result, allocations) = allocations(|| function($($arg),*));
            assert_eq!(function::cache_info().hits, hits, stringify!($($options)*));
            // A miss allocates. This shows that the counter works.
            assert_eq!(allocations == 0, hits == 1, stringify!($($options)*));
        }
    }};
}

fn point() -> Point {
    Point { x: 3, label: "three".to_owned() }
}

mod a_hit_allocates_nothing_for {
    use super::*;

    a_hit_allocates_nothing_for! {
        nothing: () ;
        a_number: () n: u64 = 7;
        a_str: () city: &str = "Oslo";
        bytes: () bytes: &[u8] = b"Oslo";
        a_reference: () point: &Point = &point();
        an_owned_point: () point: Point = point();
        a_path: () path: &Path = Path::new("/etc/hosts");
        a_string: () city: String = "Oslo".to_owned();
        an_arc_str: () city: Arc<str> = Arc::from("Oslo");
        a_borrowed_cow: () city: Cow<'_, str> = Cow::Borrowed("Oslo");
        an_owned_cow: () city: Cow<'_, str> = Cow::Owned("Oslo".to_owned());
        an_optional_str: () city: Option<&str> = Some("Oslo");
        no_str: () city: Option<&str> = None;
        a_tuple_with_a_float_and_a_str: () place: (f64, &str) = (0.5, "Oslo");
        nested_tuples: () place: ((f64, f64), (&str, Option<&str>)) = ((0.5, -0.5), ("Oslo", None));
        floats: () xs: &[f64] = &[0.5, f64::NAN, -0.0];
        a_box_of_floats: () xs: Box<[f64]> = vec![0.5, 1.5].into_boxed_slice();
        strs: () cities: &[&str] = &["Oslo", "Rome"];
        pairs: () pairs: &[(&str, f64)] = &[("Oslo", 0.5), ("Rome", 1.5)];
        a_slice_of_points: () points: &[Point] = &[point(), point()];
        an_array: () xs: [u64; 4] = [1, 2, 3, 4];
        an_array_of_floats: () xs: &[f64; 4] = &[0.5; 4];
        an_array_of_strs: () cities: [&str; 2] = ["Oslo", "Rome"];
        several: () city: &str = "Oslo", at: (f64, f64) = (0.5, 1.5), tags: &[&str] = &["a"];
        a_call_with_tags: (tags = [city.to_uppercase(), "cities".into()]) city: &str = "Oslo";
        thirteen: ()
            a: u8 = 1, b: &str = "2", c: f64 = 3.0, d: char = '4', e: &[u8] = b"5", f: i64 = 6,
            g: u8 = 7, h: &str = "8", i: f32 = 9.0, j: (u8, &str) = (1, "0"), k: bool = true,
            l: () = (), m: Option<&str> = Some("13");
        a_key_of_its_own: (key = (point.x, n)) point: &Point = &point(), n: u64 = 3;
        a_str_as_the_key: (key = city) city: &str = "Oslo";
        a_str_in_the_key: (key = (n, city)) city: &str = "Oslo", n: u64 = 3;
        a_string_as_the_key: (key = city) city: String = "Oslo".to_owned();
        a_field_of_the_key: (key = point.label) point: &Point = &point();
        a_method_of_the_key: (key = point.label.as_str()) point: &Point = &point();
        a_method_of_a_value: (key = point.label.as_str()) point: Point = point();
        a_slice_of_the_key: (key = &points[1..]) points: &[Point] = &[point(), point()];
        an_option_of_the_key: (key = city.as_deref()) city: Option<String> = Some("Oslo".to_owned());
        a_part_of_a_text: (key = (n, city.trim())) city: &str = " Oslo ", n: u64 = 3;
        a_tuple_of_the_key: (key = city.split_once(' ')) city: &str = "Oslo Norway";
        a_reference_to_a_value: (key = &point) point: Point = point();
        a_str_in_the_key_by_thread: (key = (n, city), scope = "thread") city: &str = "Oslo", n: u64 = 3;
        a_skipped_argument: (skip(log)) log: &mut Vec<String> = &mut Vec::new(), n: u64 = 3;

        a_number_by_thread: (scope = "thread", ttl = "30m") n: u64 = 7;
        a_str_by_thread: (scope = "thread", ttl = "30m") city: &str = "Oslo";
        a_reference_by_thread: (scope = "thread", ttl = "30m") point: &Point = &point();
        an_optional_str_by_thread: (scope = "thread", ttl = "30m") city: Option<&str> = Some("Oslo");
        a_tuple_by_thread: (scope = "thread", ttl = "30m") place: (f64, &str) = (0.5, "Oslo");
        strs_by_thread: (scope = "thread", ttl = "30m") cities: &[&str] = &["Oslo", "Rome"];
    }
}

#[test]
fn a_hit_allocates_nothing_with_any_options() {
    type Text = Arc<str>;

    let _clock = Clock::stop();
    called_twice!((maxsize = 1) city: &str = "Oslo"; u64 = 7);
    called_twice!((maxsize = unbounded) city: &str = "Oslo"; u64 = 7);
    called_twice!((maxsize = unbounded, ttl = "30m") city: &str = "Oslo"; u64 = 7);
    called_twice!((ttl = "30m") city: &str = "Oslo"; u64 = 7);
    called_twice!((ttl = "90ms") city: &str = "Oslo"; u64 = 7);
    called_twice!((ttl = "90ms", scope = "thread") city: &str = "Oslo"; u64 = 7);
    called_twice!((scope = "thread") city: &str = "Oslo"; u64 = 7);
    called_twice!((single_flight = false) city: &str = "Oslo"; u64 = 7);
    called_twice!((cache_if = Option::is_some) city: &str = "Oslo"; Option<u64> = Some(7));
    called_twice!((ttl = "30m") city: &str = "Oslo"; Text = "seven".into());
    called_twice!((ttl = "30m") city: &str = "Oslo"; io::Result<Text> = Ok("seven".into()));
    called_twice!((scope = "thread") city: &str = "Oslo"; Result<u64, String> = Ok(7));
}

#[test]
fn a_cache_by_hand_allocates_nothing_on_a_hit() {
    let shared = Cache::<String, u64>::new(10);
    shared.insert("Oslo".to_owned(), 7);
    let thread: Cache<String, u64, memofn::scope::Thread> =
        Cache::builder().ttl(Duration::from_secs(60)).build_for_thread();
    thread.insert("Oslo".to_owned(), 7);
    let keys = ["Oslo".to_owned(), "Oslo".to_owned()];
    // The first call of a thread may allocate.
    assert_eq!(shared.get_or_compute_by_ref("Oslo", || 8), 7);
    let ((), allocations) = allocations(|| {
        assert_eq!(shared.get_or_compute_by_ref("Oslo", || 8), 7);
        assert_eq!(thread.get_or_compute_by_ref("Oslo", || 8), 7);
        let [one, other] = keys;
        assert_eq!(shared.get_or_compute(one, || 8), 7);
        assert_eq!(thread.get_or_try_compute(other, || Err(())), Ok(7));
        assert_eq!((shared.peek("Oslo"), thread.peek("Rome")), (Some(7), None));
        assert_eq!((shared.info().hits, thread.info().hits), (3, 2));
    });
    assert_eq!(allocations, 0);
}

#[test]
fn a_hit_on_another_thread_allocates_nothing() {
    #[memoize]
    fn length(city: &str) -> usize {
        city.len()
    }

    length("Oslo");
    let elsewhere = thread::spawn(|| {
        // The first call of a thread may allocate.
        length("Oslo");
        allocations(|| length("Oslo"))
    });
    assert_eq!(elsewhere.join().unwrap(), (4, 0));
    assert_eq!(length::cache_info().hits, 2);
}

#[test]
fn a_hit_while_the_same_key_is_refreshed_allocates_nothing() {
    thread_local! {
        static DURING: Cell<Option<(usize, u64)>> = const { Cell::new(None) };
    }

    #[memoize]
    fn length(city: &str) -> usize {
        if length::cache_peek(city).is_some() {
            DURING.set(Some(allocations(|| length(city))));
        }
        city.len()
    }

    length("Oslo");
    length::cache_refresh("Oslo");
    assert_eq!(DURING.get(), Some((4, 0)));
}

#[test]
fn peeking_and_asking_for_the_counters_allocate_nothing() {
    #[memoize(ttl = "30m")]
    fn length(city: &str) -> usize {
        city.len()
    }

    length("Oslo");
    let (found, allocations) = allocations(|| {
        (length::cache_peek("Oslo"), length::cache_peek("Rome"), length::cache_info().currsize)
    });
    assert_eq!((found, allocations), ((Some(4), None, 1), 0));
}

#[test]
fn an_async_hit_allocates_nothing_and_is_not_boxed() {
    #[memoize(ttl = "1h")]
    async fn shared(city: &str, at: (f64, f64)) -> Result<u64, String> {
        if at.0 > at.1 { Err(city.to_owned()) } else { Ok(ready(4).await) }
    }
    #[memoize(scope = "thread")]
    async fn of_thread(n: u64) -> u64 {
        ready(n).await
    }

    let mut cx = Context::from_waker(Waker::noop());
    for is_hit in [false, true] {
        let (result, count) = allocations(|| pin!(shared("Oslo", (0.5, 1.5))).poll(&mut cx));
        assert_eq!((result, count == 0), (Poll::Ready(Ok(4)), is_hit));
        let (result, count) = allocations(|| pin!(of_thread(7)).poll(&mut cx));
        assert_eq!((result, count == 0), (Poll::Ready(7), is_hit));
    }
}

/// A body that is pending once, and wakes its task.
async fn pauses() {
    let mut is_over = false;
    poll_fn(|cx| {
        cx.waker().wake_by_ref();
        if std::mem::replace(&mut is_over, true) { Poll::Ready(()) } else { Poll::Pending }
    })
    .await;
}

#[test]
fn an_async_run_that_is_ready_at_once_allocates_nothing() {
    #[memoize(maxsize = 8)]
    async fn at_once(n: u64) -> u64 {
        ready(n).await
    }
    #[memoize(maxsize = 8, scope = "thread")]
    async fn of_thread(n: u64) -> u64 {
        ready(n).await
    }
    #[memoize(maxsize = 8)]
    async fn later(n: u64) -> u64 {
        pauses().await;
        n
    }

    let mut cx = Context::from_waker(Waker::noop());
    // The memory of an evicted entry is used again.
    for n in 0..100 {
        let (_, shared) = allocations(|| pin!(at_once(n)).poll(&mut cx));
        let (_, local) = allocations(|| pin!(of_thread(n)).poll(&mut cx));
        let ((), pending) = allocations(|| {
            let mut call = pin!(later(n));
            assert!(call.as_mut().poll(&mut cx).is_pending());
            assert_eq!(call.poll(&mut cx), Poll::Ready(n));
        });
        if n > 50 {
            assert_eq!(
                (shared, local, pending),
                (0, 0, 1),
                "only a run that others may find waits"
            );
        }
    }
}

#[test]
fn a_small_cache_that_was_cleared_is_filled_again_without_allocating() {
    #[memoize(maxsize = unbounded)]
    fn shared(n: u64) -> u64 {
        n
    }
    #[memoize(maxsize = unbounded, scope = "thread")]
    fn local(n: u64) -> u64 {
        n
    }

    for (call, clear) in
        [(shared as fn(u64) -> u64, shared::cache_clear as fn()), (local, local::cache_clear)]
    {
        (0..50).for_each(|n| assert_eq!(call(n), n));
        clear();
        let ((), allocations) = allocations(|| (50..100).for_each(|n| assert_eq!(call(n), n)));
        assert_eq!(allocations, 0);
    }
}
