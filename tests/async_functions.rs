//! `async fn`: functions of every kind.

use futures::executor::block_on;
use memofn::{Cache, memoize};
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::SeqCst};

/// Is pending once.
async fn pause() {
    let mut paused = false;
    std::future::poll_fn(move |cx| {
        if paused {
            return std::task::Poll::Ready(());
        }
        paused = true;
        cx.waker().wake_by_ref();
        std::task::Poll::Pending
    })
    .await;
}

#[memoize]
async fn double(n: u64) -> u64 {
    pause().await;
    n * 2
}

#[test]
fn a_function_is_computed_once() {
    block_on(async {
        assert_eq!(double(2).await, 4);
        assert_eq!(double(2).await, 4);
        assert_eq!(double::uncached(3).await, 6);
        assert_eq!(double::cache_peek(3), None);
        assert_eq!(double::cache_refresh(3).await, 6);
        assert_eq!(double::cache_peek(3), Some(6));
        double::cache_insert(4, 9);
        assert_eq!(double(4).await, 9);
        assert_eq!(double::cache_remove(4), Some(9));
        let info = double::cache_info();
        assert_eq!((info.hits, info.misses, info.currsize), (2, 2, 2));
        assert_eq!(double::cache().len(), 2);
    });
}

type Lengths = Result<usize, Box<dyn std::error::Error>>;

#[memoize(maxsize = 16, ttl = "30m")]
async fn borrowed(city: &str, tags: &[&str], scale: f64) -> Lengths {
    pause().await;
    if city.is_empty() {
        return Err("no city".into());
    }
    Ok((city.len() + tags.len()) * if scale > 1.0 { 2 } else { 1 })
}

#[test]
fn arguments_are_borrowed_and_errors_not_stored() {
    block_on(async {
        let city = String::from("Oslo");
        assert_eq!(borrowed(&city, &["a"], 2.0).await.unwrap(), 10);
        assert_eq!(borrowed("Oslo", &["a"], 2.0).await.unwrap(), 10);
        assert!(borrowed("", &[], 1.0).await.is_err());
        let info = borrowed::cache_info();
        assert_eq!((info.hits, info.misses, info.currsize, info.rejected), (1, 2, 1, 1));
    });
}

#[memoize]
async fn largest<T: Ord + Copy + std::hash::Hash + Send + Sync + 'static, const N: usize>(
    of: [T; N],
) -> Option<T> {
    pause().await;
    of.into_iter().max()
}

#[derive(Clone, PartialEq, Eq, Hash)]
struct Client {
    base: String,
}

impl Client {
    #[memoize]
    async fn page(&self, path: &str) -> String {
        pause().await;
        format!("{}/{path}", self.base)
    }

    #[memoize(skip(self))]
    async fn anyone(self: Arc<Self>, path: String) -> String {
        pause().await;
        path
    }
}

#[memoize]
impl Client {
    #[memoize(key = path.len())]
    async fn associated(path: &str) -> usize {
        pause().await;
        path.len()
    }
}

trait Load {
    type Page;
    async fn load(&self, path: &str) -> Self::Page;
}

#[memoize(ttl = "1h")]
impl Load for Client {
    type Page = String;

    #[memoize(skip(self))]
    async fn load(&self, path: &str) -> Self::Page {
        pause().await;
        path.to_uppercase()
    }
}

#[memoize]
trait Named {
    fn name(&self) -> String;

    #[memoize]
    async fn greeting(&self) -> String
    where
        Self: Clone + Eq + std::hash::Hash + Send + Sync + 'static,
    {
        pause().await;
        format!("hello {}", self.name())
    }
}

impl Named for Client {
    fn name(&self) -> String {
        self.base.clone()
    }
}

struct Users {
    users: Cache<u64, String>,
    asked: AtomicU64,
}

impl Users {
    #[memoize(cache = self.users)]
    async fn user(&self, id: u64) -> String {
        self.asked.fetch_add(1, SeqCst);
        pause().await;
        id.to_string()
    }
}

#[test]
fn methods_and_generics_have_their_caches() {
    block_on(async {
        assert_eq!(largest([1, 3, 2]).await, Some(3));
        assert_eq!(largest([1_u8, 3, 2]).await, Some(3));
        assert_eq!(largest([1_u8, 3, 2]).await, Some(3));
        assert_eq!(largest::<u8, 3>::cache_info().hits, 1);

        let client = Client { base: "http".to_owned() };
        assert_eq!(client.page("a").await, "http/a");
        assert_eq!(client.clone().page("a").await, "http/a");
        assert_eq!(Client::page_cache().info().hits, 1);
        assert_eq!(client.page_uncached("a").await, "http/a");
        assert_eq!(Arc::new(client.clone()).anyone("x".to_owned()).await, "x");
        assert_eq!(Client::associated("four").await, 4);
        assert_eq!(Client::associated("five").await, 4);
        assert_eq!(Client::associated_cache().info().hits, 1);
        assert_eq!(client.load("a").await, "A");
        assert_eq!(client.load("a").await, "A");
        assert_eq!(Client::load_cache().info().hits, 1);
        assert_eq!(client.greeting().await, "hello http");
        assert_eq!(client.greeting().await, "hello http");

        let users = Users { users: Cache::new(2), asked: AtomicU64::new(0) };
        assert_eq!(users.user(1).await, "1");
        assert_eq!(users.user(1).await, "1");
        assert_eq!(users.asked.load(SeqCst), 1);
        assert_eq!(users.users.info().hits, 1);
    });
}

#[memoize(scope = "thread")]
async fn of_thread(name: Rc<str>) -> Rc<str> {
    pause().await;
    name
}

#[memoize]
async fn fib(n: u32) -> u64 {
    if n < 2 { u64::from(n) } else { Box::pin(fib(n - 1)).await + Box::pin(fib(n - 2)).await }
}

#[test]
fn a_thread_has_a_cache_and_recursion_is_cached() {
    block_on(async {
        assert_eq!(&*of_thread("a".into()).await, "a");
        assert_eq!(&*of_thread("a".into()).await, "a");
        assert_eq!(of_thread::cache_info().hits, 1);
        assert_eq!(fib(80).await, 23_416_728_348_467_685);
        assert_eq!(fib::cache_info().misses, 81);
    });
}

fn is_send<T: Send>(value: T) -> T {
    value
}

#[test]
fn futures_are_send_if_their_bodies_are() {
    let client = Client { base: String::new() };
    drop(is_send(double(1)));
    drop(is_send(double::cache_refresh(1)));
    drop(is_send(borrowed("a", &[], 1.0)));
    drop(is_send(client.page("a")));
    drop(is_send(client.load("a")));
    drop(is_send(client.greeting()));
    drop(is_send(fib(3)));
    let cache = Cache::<String, u8>::new(1);
    drop(is_send(cache.get_or_compute_by_ref_async("a", async || 1)));
}

/// The error is not `Send`, and is not held across an await.
#[memoize]
async fn fails_here(n: u64) -> Result<u64, Rc<str>> {
    pause().await;
    if n == 0 { Err("none".into()) } else { Ok(n) }
}

#[test]
fn futures_are_send_even_if_their_results_are_not() {
    drop(is_send(fails_here(1)));
    drop(is_send(fails_here::cache_refresh(1)));
    let cache = Cache::<u8, u8>::new(1);
    let failing = async || Err::<u8, Rc<str>>("none".into());
    drop(is_send(cache.get_or_try_compute_async(1, failing)));
    assert_eq!(block_on(fails_here(0)), Err("none".into()));
    assert_eq!(block_on(fails_here(1)), Ok(1));
}
