//! `f::cache_call(..)` and `value.area_call(..)`: the result with its status and age.

mod common;

use common::{Caller, all_return, finishes, panic_of, panic_silently, side_by_side};
use futures::executor::block_on;
use memofn::CallStatus::{self, Hit, Joined, Miss};
use memofn::testing::Clock;
use memofn::{Cache, CacheCall, memoize};
use std::rc::Rc;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
use std::time::Duration;

const SECOND: Duration = Duration::from_secs(1);

fn parts<R>(call: CacheCall<R>) -> (R, CallStatus, Option<Duration>) {
    (call.value, call.status, call.age)
}

macro_rules! in_every_scope {
    ($($name:ident $scope:literal;)*) => {$(
        #[test]
        fn $name() {
            #[memoize(scope = $scope, maxsize = 2, ttl = "10s")]
            fn f(n: u32) -> Result<u32, String> {
                match n {
                    0 => Err("zero".to_owned()),
                    100 => panic_silently("hundred"),
                    _ => Ok(n),
                }
            }

            let clock = Clock::stop();
            let counts = || (f::cache_info().hits, f::cache_info().misses);
            assert_eq!(parts(f::cache_call(1)), (Ok(1), Miss, Some(Duration::ZERO)));
            assert_eq!(counts(), (0, 1));
            clock.advance(3 * SECOND);
            assert_eq!(parts(f::cache_call(1)), (Ok(1), Hit, Some(3 * SECOND)));
            clock.advance(4 * SECOND);
            assert_eq!(parts(f::cache_call(1)), (Ok(1), Hit, Some(7 * SECOND)));
            assert_eq!(counts(), (2, 1));
            clock.advance(3 * SECOND);
            assert_eq!(parts(f::cache_call(1)), (Ok(1), Miss, Some(Duration::ZERO)));
            f::cache_insert(1, Ok(2));
            clock.advance(SECOND);
            assert_eq!(parts(f::cache_call(1)), (Ok(2), Hit, Some(SECOND)));
            assert_eq!(counts(), (3, 2));
            // An error is no entry, and a panic passes through.
            for _ in 0..2 {
                assert_eq!(parts(f::cache_call(0)), (Err("zero".to_owned()), Miss, Some(Duration::ZERO)));
            }
            assert_eq!(panic_of(|| f::cache_call(100)), "hundred");
            assert_eq!((counts(), f::cache_info().rejected), ((3, 5), 2));
            // A hit is a use: 3 evicts 2.
            let _ = (f(2), f::cache_call(1), f(3));
            assert_eq!((f::cache_peek(1), f::cache_peek(2)), (Some(Ok(2)), None));
        }
    )*};
}
in_every_scope! {
    a_call_of_a_shared_cache_tells_status_and_age "shared";
    a_call_of_a_threads_cache_tells_status_and_age "thread";
}

#[test]
fn without_a_ttl_the_age_of_a_hit_is_unknown() {
    #[memoize]
    fn f(n: u32) -> u32 {
        n
    }
    #[memoize(ttl = Duration::MAX)]
    fn forever(n: u32) -> u32 {
        n
    }

    assert_eq!(parts(f::cache_call(1)), (1, Miss, Some(Duration::ZERO)));
    assert_eq!(parts(f::cache_call(1)), (1, Hit, None));
    let _ = (f(1), f(2));
    assert_eq!(parts(f::cache_call(2)), (2, Hit, None));
    assert_eq!((f::cache_info().hits, f::cache_info().misses), (3, 2));
    forever(1);
    assert_eq!(parts(forever::cache_call(1)), (1, Hit, None));
}

#[test]
fn a_cache_that_stores_nothing_misses() {
    #[memoize(maxsize = 0)]
    fn f(n: u32) -> u32 {
        n
    }
    #[memoize(single_flight = false)]
    fn alone(n: u32) -> u32 {
        if n == 0 { 0 } else { alone::cache_call(n - 1).value + 1 }
    }
    assert_eq!([f::cache_call(1).status, f::cache_call(1).status], [Miss, Miss]);
    assert_eq!(alone::cache_call(3).value, 3);
    assert_eq!(alone::cache_call(3).status, Hit);
    assert_eq!(alone::cache_info().misses, 4);
}

#[test]
fn a_call_that_waited_has_joined() {
    #[memoize(ttl = "1h")]
    fn f(caller: &Caller) -> Result<u32, u32> {
        caller.await_followers(7);
        if caller.key % 2 == 0 { Ok(caller.key) } else { Err(caller.key) }
    }

    finishes("one leader and seven followers", || {
        let mut all_waited = [false, false];
        for round in 0..200 {
            if all_waited == [true, true] {
                return;
            }
            f::cache_clear();
            let calls = side_by_side(Caller::several(round, 8), |caller| f::cache_call(&caller));
            let calls = all_return(calls);
            let expected = if round % 2 == 0 { Ok(round) } else { Err(round) };
            assert!(calls.iter().all(|call| call.value == expected));
            let count = |status| calls.iter().filter(|call| call.status == status).count() as u64;
            let info = f::cache_info();
            assert_eq!((count(Miss), count(Hit) + count(Joined)), (info.misses, info.hits));
            assert_eq!(count(Joined), info.coalesced);
            let joined = calls.iter().filter(|call| call.status == Joined);
            assert!(joined.clone().all(|call| call.age == Some(Duration::ZERO)));
            all_waited[(round % 2) as usize] |= info.coalesced == 7;
        }
        panic!("no round in which seven callers waited");
    });
}

#[test]
fn a_call_from_inside_of_its_own_run_misses() {
    static DEPTH: AtomicU32 = AtomicU32::new(0);
    #[memoize]
    fn f(n: u32) -> u32 {
        if DEPTH.fetch_add(1, Relaxed) == 0 {
            assert_eq!(f::cache_call(n).status, Miss);
        }
        n
    }
    finishes("a call of its own key", || assert_eq!(f::cache_call(1).status, Miss));
    assert_eq!(f::cache_info().misses, 2);
}

#[test]
fn owned_borrowed_skipped_and_mutable_arguments_reach_the_body() {
    #[memoize(skip(log))]
    #[expect(clippy::needless_pass_by_value, reason = "an owned argument is the point")]
    fn repeated(text: String, times: usize, log: &mut Vec<String>) -> String {
        log.push(text.clone());
        text.repeat(times)
    }
    #[memoize]
    fn joined(parts: &[&str], last: Option<&str>) -> String {
        parts.concat() + last.unwrap_or_default()
    }
    #[memoize]
    unsafe fn raw(n: u32) -> u32 {
        n
    }
    #[memoize]
    fn nothing(n: u32) {
        assert!(n > 0);
    }

    let mut log = Vec::new();
    assert_eq!(repeated::cache_call("ab".to_owned(), 2, &mut log).value, "abab");
    assert_eq!(repeated::cache_call("ab".to_owned(), 2, &mut log).status, Hit);
    assert_eq!(log, ["ab"]);
    assert_eq!(joined::cache_call(&["a", "b"], Some("c")).value, "abc");
    assert_eq!(joined::cache_call(&["a", "b"], Some("c")).status, Hit);
    // SAFETY: it only returns its argument.
    assert_eq!(unsafe { raw::cache_call(7) }.value, 7);
    assert_eq!([nothing::cache_call(1).status, nothing::cache_call(1).status], [Miss, Hit]);
}

#[test]
fn what_a_key_expression_holds_is_given_back_before_the_body_runs() {
    use std::sync::Mutex;
    #[memoize(key = *number.lock().expect("not poisoned"))]
    fn f(number: &Mutex<u32>) -> u32 {
        *number.lock().expect("not poisoned") * 2
    }
    finishes("a key that locks", || assert_eq!(f::cache_call(&Mutex::new(4)).value, 8));
}

#[test]
fn generic_functions_and_thread_local_results() {
    #[memoize]
    fn largest<T: Ord + std::hash::Hash + Clone + Send + Sync + 'static>(items: &[T]) -> Option<T> {
        items.iter().max().cloned()
    }
    #[memoize(scope = "thread")]
    fn shared(text: &str) -> Rc<str> {
        Rc::from(text)
    }
    assert_eq!((largest(&[3_u16]), largest::<u32>::cache_call(&[3, 1]).value), (Some(3), Some(3)));
    assert_eq!(largest::<u32>::cache_call(&[3, 1]).status, Hit);
    assert_eq!(largest::<u8>::cache_call(&[3, 1]).status, Miss);
    assert_eq!(&*shared::cache_call("a").value, "a");
    assert_eq!(shared::cache_call("a").status, Hit);
}

#[derive(Clone, PartialEq, Eq, Hash)]
struct Rectangle(u64, u64);

trait Named {
    fn name(&self, prefix: &str) -> Result<String, std::fmt::Error>;
    fn label(self, suffix: &str) -> String;
}

impl Rectangle {
    #[memoize(ttl = "1m")]
    fn area(&self) -> u64 {
        self.0 * self.1
    }

    #[memoize(key = (self.0, times))]
    fn wider(&self, times: u64) -> u64 {
        self.0 * times
    }

    #[memoize(skip(self))]
    fn generic<T: Into<u64> + Copy + Eq + std::hash::Hash + Send + Sync + 'static>(
        &mut self,
        n: T,
    ) -> u64 {
        self.1 += 1;
        n.into()
    }
}

#[memoize(maxsize = 4)]
impl Rectangle {
    #[memoize]
    fn square(side: u64) -> Self {
        Self(side, side)
    }
}

#[memoize]
impl Named for Rectangle {
    #[memoize]
    fn name(&self, prefix: &str) -> Result<String, std::fmt::Error> {
        Ok(format!("{prefix}{}", self.0))
    }
    #[memoize]
    fn label(self, suffix: &str) -> String {
        format!("{}{suffix}", self.0)
    }
}

trait Shape: Clone + Eq + std::hash::Hash + Send + Sync + 'static {
    fn side(&self) -> u64;
    #[memoize]
    fn doubled(&self) -> u64 {
        self.side() * 2
    }
}

impl Shape for Rectangle {
    fn side(&self) -> u64 {
        self.0
    }
}

#[test]
fn methods_have_a_call_of_their_own() {
    let clock = Clock::stop();
    let mut it = Rectangle(2, 2);
    assert_eq!(
        (
            it.area(),
            it.wider(1),
            Rectangle::square(1).0,
            it.generic(1_u8),
            it.name("a"),
            it.clone().label("a")
        ),
        (4, 2, 1, 1, Ok("a2".to_owned()), "2a".to_owned())
    );
    assert_eq!(parts(it.area_call()), (6, Miss, Some(Duration::ZERO)));
    clock.advance(SECOND);
    assert_eq!(parts(it.area_call()), (6, Hit, Some(SECOND)));
    assert_eq!([it.wider_call(2).status, it.wider_call(2).status], [Miss, Hit]);
    assert_eq!([it.generic_call(2_u32).status, it.generic_call(2_u32).status], [Miss, Hit]);
    assert_eq!(it.1, 4);
    assert!(Rectangle::square_call(3).value == Rectangle(3, 3));
    assert_eq!(Rectangle::square_call(3).status, Hit);
    assert_eq!(it.name_call("a").value, Ok("a2".to_owned()));
    assert_eq!([it.name_call("a").status, it.clone().label_call("b").status], [Hit, Miss]);
    assert_eq!(it.clone().label_call("b").value, "2b");
    assert_eq!([it.doubled_call().status, it.doubled_call().status], [Miss, Hit]);
    assert_eq!(it.doubled(), 4);
}

#[derive(Default)]
struct Client {
    users: Cache<u64, String>,
}

impl Client {
    #[memoize(cache = self.users)]
    fn user(&self, id: u64) -> Result<String, u64> {
        if id == 0 { Err(0) } else { Ok(id.to_string()) }
    }
}

#[test]
fn a_given_cache_answers_as_well() {
    let client = Client::default();
    assert_eq!(client.user_call(7).status, Miss);
    assert_eq!(parts(client.user_call(7)), (Ok("7".to_owned()), Hit, None));
    assert_eq!((client.user_call(0).value, client.user(7)), (Err(0), Ok("7".to_owned())));
    assert_eq!((client.users.info().hits, client.users.info().misses), (2, 2));
}

mod asynchronous {
    use super::*;
    use std::future::poll_fn;
    use std::task::Poll;

    #[memoize(ttl = "1m")]
    async fn page(path: String) -> Result<String, Rc<str>> {
        let mut is_ready = false;
        poll_fn(|cx| {
            cx.waker().wake_by_ref();
            if std::mem::replace(&mut is_ready, true) { Poll::Ready(()) } else { Poll::Pending }
        })
        .await;
        if path.is_empty() { Err(Rc::from("empty")) } else { Ok(path) }
    }

    #[derive(Clone, PartialEq, Eq, Hash)]
    struct Site(u32);

    impl Site {
        #[memoize(scope = "thread")]
        async fn title(&self, upper: bool) -> String {
            std::future::ready(()).await;
            if upper { "TITLE".to_owned() } else { self.0.to_string() }
        }
    }

    fn sent<F: Send>(future: F) -> F {
        future
    }

    #[memoize]
    async fn error_that_stays(n: u32) -> Result<u32, Rc<str>> {
        std::future::ready(()).await;
        Ok(n)
    }

    #[test]
    fn an_async_call_tells_status_and_age() {
        let clock = Clock::stop();
        let path = || "/".to_owned();
        block_on(async {
            let (one, other) = futures::join!(page::cache_call(path()), page::cache_call(path()));
            assert_eq!(parts(one), (Ok(path()), Miss, Some(Duration::ZERO)));
            assert_eq!(parts(other), (Ok(path()), Joined, Some(Duration::ZERO)));
            clock.advance(SECOND);
            assert_eq!(parts(page::cache_call(path()).await), (Ok(path()), Hit, Some(SECOND)));
            let info = page::cache_info();
            assert_eq!((info.hits, info.misses, info.coalesced), (2, 1, 1));
            assert!(page::cache_call(String::new()).await.value.is_err());
            let site = Site(7);
            assert_eq!(site.title_call(false).await.value, "7");
            assert_eq!(site.title_call(false).await.status, Hit);
            assert_eq!(site.title(false).await, "7");
        });
    }

    #[test]
    fn a_dropped_call_leaves_its_key_free() {
        block_on(dropped_call());
    }

    async fn dropped_call() {
        #[memoize]
        async fn twice(n: u32) -> u32 {
            let mut is_ready = false;
            poll_fn(|_| {
                if std::mem::replace(&mut is_ready, true) { Poll::Ready(()) } else { Poll::Pending }
            })
            .await;
            n * 2
        }
        drop(twice::cache_call(1));
        let counts = || (twice::cache_info().hits, twice::cache_info().misses);
        assert_eq!(counts(), (0, 0));
        let mut begun = Box::pin(twice::cache_call(1));
        assert!(futures::poll!(begun.as_mut()).is_pending());
        drop(begun);
        assert_eq!(counts(), (0, 1));
        let mut again = Box::pin(twice::cache_call(1));
        assert!(futures::poll!(again.as_mut()).is_pending());
        assert_eq!(parts(again.await), (2, Miss, Some(Duration::ZERO)));
    }

    #[test]
    fn the_future_of_a_call_is_send_although_its_error_is_not() {
        let call = block_on(sent(error_that_stays::cache_call(1)));
        assert_eq!(call.status, Miss);
    }

    #[test]
    fn the_future_of_each_control_is_send_with_arguments_that_borrow() {
        #[memoize]
        async fn length(text: &str, more: Vec<u8>) -> usize {
            std::future::ready(text.len() + more.len()).await
        }
        let text = String::from("text");
        assert_eq!(block_on(sent(length::cache_call(&text, vec![1]))).value, 5);
        assert_eq!(block_on(sent(length::cache_refresh(&text, vec![1]))), 5);
        assert_eq!(block_on(sent(length::uncached(&text, vec![1]))), 5);
    }
}
