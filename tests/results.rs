//! Which results are stored: `Ok` and not `Err`, even behind a type alias; all other types; `cache_if`.

#![expect(clippy::unnecessary_wraps, reason = "results of every kind are stored")]
#![allow(
    clippy::multiple_bound_locations,
    clippy::unused_async,
    reason = "functions of every kind are memoized"
)]

mod common;

use common::counts;
use memofn::memoize;
use std::error::Error;
use std::io;
use std::num::ParseIntError;
use std::rc::Rc;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

/// An alias whose name does not say that it is a `Result`.
type Fetched<T> = Result<T, Box<dyn Error>>;

mod prelude {
    //! A `Result` that is another one than it seems.
    pub(crate) type Result<T> = std::result::Result<T, super::Broken>;
}

/// An error that is neither `Clone` nor `Send`.
#[derive(Debug)]
struct Broken(#[expect(dead_code, reason = "it is what makes the error not `Send`")] Rc<u32>);

/// Odd numbers fail.
fn is_even(n: u32) -> bool {
    n % 2 == 0
}

#[test]
fn only_ok_is_stored_even_behind_an_alias() {
    #[memoize]
    fn boxed(n: u32) -> Fetched<u32> {
        if is_even(n) { Ok(n) } else { Err("odd".into()) }
    }
    #[memoize]
    fn file(n: u32) -> io::Result<u32> {
        if is_even(n) { Ok(n) } else { Err(io::ErrorKind::NotFound.into()) }
    }
    #[memoize]
    fn with_anyhow(n: u32) -> anyhow::Result<u32> {
        anyhow::ensure!(is_even(n), "odd");
        Ok(n)
    }
    #[memoize]
    fn written(n: u32) -> Result<u32, Box<dyn Error>> {
        if is_even(n) { Ok(n) } else { Err(Box::from("odd")) }
    }
    #[memoize]
    fn plain(n: u32) -> Result<u32, String> {
        if is_even(n) { Ok(n) } else { Err("odd".to_owned()) }
    }
    #[memoize]
    fn aliased(n: u32) -> prelude::Result<u32> {
        if is_even(n) { Ok(n) } else { Err(Broken(Rc::new(n))) }
    }
    #[memoize]
    fn parsed(text: &str) -> Result<u32, ParseIntError> {
        text.parse()
    }

    for _ in 0..2 {
        assert_eq!(boxed(2).ok(), Some(2));
        assert_eq!(boxed(1).unwrap_err().to_string(), "odd");
        assert_eq!(file(2).ok(), Some(2));
        assert_eq!(file(1).unwrap_err().kind(), io::ErrorKind::NotFound);
        assert_eq!(with_anyhow(2).ok(), Some(2));
        assert_eq!(with_anyhow(1).unwrap_err().to_string(), "odd");
        assert_eq!(written(2).ok(), Some(2));
        assert!(written(1).is_err());
        assert_eq!(plain(2), Ok(2));
        assert_eq!(plain(1), Err("odd".to_owned()));
        assert_eq!(aliased(2).ok(), Some(2));
        assert!(aliased(1).is_err());
        assert_eq!(parsed("2"), Ok(2));
        assert!(parsed("one").is_err());
    }
    for info in [
        boxed::cache_info(),
        file::cache_info(),
        with_anyhow::cache_info(),
        written::cache_info(),
        plain::cache_info(),
        aliased::cache_info(),
        parsed::cache_info(),
    ] {
        assert_eq!(counts(info), (1, 3, Some(128), 1));
        assert_eq!(info.rejected, 2);
    }
    // The cache holds the content of `Ok`.
    let _: &memofn::Cache<u32, u32> = boxed::cache();
    assert_eq!(boxed::cache().peek(&2), Some(2));
}

#[test]
fn only_ok_is_stored_for_each_thread_too() {
    // With `scope = "thread"`, values and errors need no `Send`.
    #[memoize(scope = "thread")]
    fn shared_text(n: u32) -> Result<Rc<str>, Broken> {
        if is_even(n) { Ok(n.to_string().into()) } else { Err(Broken(Rc::new(n))) }
    }

    let first = shared_text(2).expect("even");
    assert!(Rc::ptr_eq(&first, &shared_text(2).expect("even")));
    assert!(shared_text(1).is_err() && shared_text(1).is_err());
    assert_eq!(counts(shared_text::cache_info()), (1, 3, Some(128), 1));
}

#[test]
fn none_is_stored() {
    static RUNS: AtomicU32 = AtomicU32::new(0);

    #[memoize]
    fn find(n: u32) -> Option<u32> {
        RUNS.fetch_add(1, Relaxed);
        is_even(n).then_some(n)
    }

    assert_eq!((find(1), find(1), find(2), find(2)), (None, None, Some(2), Some(2)));
    assert_eq!(RUNS.load(Relaxed), 2);
    assert_eq!(counts(find::cache_info()), (2, 2, Some(128), 2));
    assert_eq!(find::cache_peek(1), Some(None));
    assert_eq!(find::cache_peek(3), None);
}

#[test]
fn a_result_inside_something_else_is_stored_whole() {
    #[memoize]
    fn all(n: u32) -> Vec<Result<u32, String>> {
        vec![Ok(n), Err("no".to_owned())]
    }
    #[memoize]
    fn maybe(n: u32) -> Option<Result<u32, String>> {
        Some(if is_even(n) { Ok(n) } else { Err("odd".to_owned()) })
    }
    #[memoize]
    fn nested(n: u32) -> Result<Result<u32, String>, String> {
        if n > 9 {
            Err("large".to_owned())
        } else {
            Ok(if is_even(n) { Ok(n) } else { Err("odd".to_owned()) })
        }
    }

    for _ in 0..2 {
        assert_eq!(all(1).len(), 2);
        assert_eq!(maybe(1), Some(Err("odd".to_owned())));
        assert_eq!(nested(1), Ok(Err("odd".to_owned())));
        assert_eq!(nested(11), Err("large".to_owned()));
    }
    assert_eq!(counts(all::cache_info()), (1, 1, Some(128), 1));
    assert_eq!(counts(maybe::cache_info()), (1, 1, Some(128), 1));
    assert_eq!(counts(nested::cache_info()), (1, 3, Some(128), 1));
}

#[test]
fn a_function_that_returns_nothing_is_run_once() {
    static RUNS: AtomicU32 = AtomicU32::new(0);

    #[memoize]
    fn warm_up(_n: u32) {
        RUNS.fetch_add(1, Relaxed);
    }

    warm_up(1);
    warm_up(1);
    assert_eq!(RUNS.load(Relaxed), 1);
    assert_eq!(warm_up::cache_peek(1), Some(()));
}

#[test]
fn cache_if_decides_what_is_stored() {
    #[memoize(cache_if = |found| found.is_some_and(|n| n > 0))]
    fn find(n: u32) -> Option<u32> {
        is_even(n).then_some(n)
    }
    #[memoize(cache_if = Option::is_some)]
    fn find_by_path(n: u32) -> Option<u32> {
        is_even(n).then_some(n)
    }
    #[memoize(cache_if = |text: &String| text.len() < 3)]
    fn short(n: u32) -> String {
        n.to_string()
    }

    for _ in 0..2 {
        assert_eq!((find(1), find(2)), (None, Some(2)));
        assert_eq!((find_by_path(1), find_by_path(2)), (None, Some(2)));
        assert_eq!((short(7), short(7000)), ("7".to_owned(), "7000".to_owned()));
    }
    for info in [find::cache_info(), find_by_path::cache_info(), short::cache_info()] {
        assert_eq!(counts(info), (1, 3, Some(128), 1));
        assert_eq!(info.rejected, 2);
    }
}

#[test]
fn cache_if_may_store_an_error_and_refuse_an_ok() {
    #[derive(Debug, Clone, PartialEq)]
    enum Failure {
        NotFound,
        Busy,
    }

    #[memoize(cache_if = |result| !matches!(result, Err(Failure::Busy) | Ok(0)))]
    fn fetch(n: u32) -> Result<u32, Failure> {
        match n {
            1 => Err(Failure::NotFound),
            3 => Err(Failure::Busy),
            n => Ok(n),
        }
    }

    for _ in 0..2 {
        assert_eq!(fetch(0), Ok(0));
        assert_eq!(fetch(1), Err(Failure::NotFound));
        assert_eq!(fetch(2), Ok(2));
        assert_eq!(fetch(3), Err(Failure::Busy));
    }
    assert_eq!(counts(fetch::cache_info()), (2, 6, Some(128), 2));
    assert_eq!(fetch::cache_peek(1), Some(Err(Failure::NotFound)));
    assert_eq!(fetch::cache_peek(3), None);
}

#[test]
fn a_value_that_would_not_be_stored_cannot_be_inserted() {
    #[memoize]
    fn fetch(n: u32) -> Result<u32, String> {
        Ok(n)
    }
    #[memoize(cache_if = |n| *n > 0)]
    fn positive(n: i32) -> i32 {
        n
    }

    fetch::cache_insert(1, Err("no".to_owned()));
    fetch::cache_insert(2, Ok(20));
    assert_eq!((fetch::cache_peek(1), fetch::cache_peek(2)), (None, Some(Ok(20))));
    assert_eq!((fetch(1), fetch(2)), (Ok(1), Ok(20)));
    positive::cache_insert(1, -1);
    positive::cache_insert(2, 20);
    assert_eq!((positive::cache_peek(1), positive::cache_peek(2)), (None, Some(20)));
    assert_eq!((positive(1), positive(2)), (1, 20));
}

#[test]
fn a_failed_call_leaves_nothing_behind_and_the_next_one_works() {
    static FAILS: AtomicU32 = AtomicU32::new(0);

    #[memoize]
    fn flaky(n: u32) -> Result<u32, Broken> {
        match FAILS.fetch_add(1, Relaxed) {
            0..3 => Err(Broken(Rc::new(n))),
            3 => common::panic_silently("flaky"),
            _ => Ok(n),
        }
    }

    for _ in 0..3 {
        assert!(flaky(7).is_err());
        assert_eq!(flaky::cache().iter().count(), 0);
    }
    assert_eq!(common::panic_of(|| flaky(7)), "flaky");
    assert_eq!(flaky::cache_info().currsize, 0);
    assert_eq!((flaky(7).ok(), flaky(7).ok()), (Some(7), Some(7)));
    let info = flaky::cache_info();
    assert_eq!(counts(info), (1, 5, Some(128), 1));
    assert_eq!((info.rejected, info.outdated, info.evictions), (3, 0, 0));
}

/// An error that is not `Clone`, behind aliases of several kinds.
type Fetch<T> = Result<T, Broken>;
type Fetched32 = Result<u32, Broken>;
type Loaded<'s, T> = Result<(T, &'s str), Broken>;

/// No `Result`, and of a name that an alias could have.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Page<T>(T);

// A parameter may have any name.
impl<Value: Clone + Eq + std::hash::Hash + Send + Sync + 'static> Page<Value> {
    #[memoize]
    fn value(&self) -> Value {
        self.0.clone()
    }
    #[memoize]
    fn fetched(&self, n: u32) -> Fetch<Value> {
        even(n).map(|_| self.0.clone())
    }
}

fn even(n: u32) -> Fetch<u32> {
    if is_even(n) { Ok(n) } else { Err(Broken(Rc::new(n))) }
}

#[test]
fn a_given_cache_holds_the_ok_of_an_alias() {
    struct Client<T> {
        numbers: memofn::Cache<u32, u32>,
        items: memofn::Cache<u32, Vec<T>>,
        pages: memofn::Cache<u32, Page<T>>,
    }
    impl<T: Clone + From<u32>> Client<T> {
        #[memoize(cache = self.numbers)]
        fn number(&self, n: u32) -> Fetch<u32> {
            even(n)
        }
        #[memoize(cache = self.numbers, key = n + 100)]
        fn bare(&self, n: u32) -> Fetched32 {
            even(n)
        }
        #[memoize(cache = self.items)]
        fn items(&self, n: u32) -> Fetch<Vec<T>> {
            even(n).map(|n| vec![n.into()])
        }
        #[memoize(cache = self.pages)]
        fn page(&self, n: u32) -> Page<T> {
            Page(n.into())
        }
    }
    #[memoize(cache = numbers)]
    fn free<T: std::hash::Hash + Eq + Clone + Into<u32>>(
        numbers: &memofn::Cache<T, T>,
        n: T,
    ) -> Fetch<T> {
        even(n.clone().into()).map(|_| n)
    }
    #[memoize]
    impl<T: Clone + From<u32>> Client<T> {
        #[memoize(cache = self.items, key = n + 100)]
        fn in_a_block(&self, n: u32) -> Fetch<Vec<T>> {
            even(n).map(|n| vec![n.into()])
        }
    }

    let client = Client::<u64> {
        numbers: memofn::Cache::default(),
        items: memofn::Cache::default(),
        pages: memofn::Cache::default(),
    };
    for _ in 0..2 {
        assert_eq!(client.number(2).ok(), Some(2));
        assert!(client.number(1).is_err());
        assert_eq!(client.bare(2).ok(), Some(2));
        assert_eq!(client.items(2).ok(), Some(vec![2]));
        assert!(client.items(1).is_err());
        assert_eq!(client.page(2), Page(2));
        assert_eq!(client.in_a_block(2).ok(), Some(vec![2]));
        assert_eq!(free(&client.numbers, 8_u32).ok(), Some(8));
    }
    assert_eq!(client.numbers.peek(&2), Some(2));
    assert_eq!(client.items.peek(&2), Some(vec![2]));
    assert_eq!(client.numbers.info().hits, 3);
}

#[test]
fn a_method_marked_alone_stores_the_ok_of_an_alias() {
    #[derive(Clone, PartialEq, Eq, Hash)]
    struct Store<T>(T);

    impl Store<u8> {
        #[memoize(skip(self))]
        fn number(&self, n: u32) -> Fetch<u32> {
            even(n)
        }
        #[memoize(skip(self))]
        fn bare(&self, n: u32) -> Fetched32 {
            even(n)
        }
        #[memoize(skip(self))]
        fn with_a_lifetime(&self, n: u32) -> Loaded<'static, u32> {
            even(n).map(|n| (n, "text"))
        }
    }
    impl<T: Clone + Eq + std::hash::Hash + Send + Sync + 'static> Store<T> {
        #[memoize]
        fn item(&self, n: u32) -> Fetch<T> {
            even(n).map(|_| self.0.clone())
        }
        #[memoize]
        fn items(&self, n: u32) -> Fetch<Vec<T>> {
            even(n).map(|_| vec![self.0.clone()])
        }
        #[memoize]
        fn page(&self) -> Page<T> {
            Page(self.0.clone())
        }
        #[memoize]
        fn itself(&self) -> T {
            self.0.clone()
        }
        #[memoize]
        fn copy(&self, n: u32) -> Fetch<Self> {
            even(n).map(|_| self.clone())
        }
    }
    let store = Store(7_u8);
    for _ in 0..2 {
        assert_eq!(store.number(2).ok(), Some(2));
        assert!(store.number(1).is_err());
        assert_eq!(store.bare(2).ok(), Some(2));
        assert_eq!(store.with_a_lifetime(2).ok(), Some((2, "text")));
        assert_eq!(store.item(2).ok(), Some(7));
        assert!(store.item(1).is_err());
        assert_eq!(store.items(2).ok(), Some(vec![7]));
        assert_eq!((store.page(), store.itself()), (Page(7), 7));
        assert!(store.copy(2).is_ok());
        assert_eq!((Page(7).value(), Page(7).fetched(2).ok()), (7, Some(7)));
    }
    assert_eq!(Store::<u8>::number_cache().peek(&2), Some(2));
    assert_eq!(Store::<u8>::bare_cache().peek(&2), Some(2));
    assert_eq!(Store::<u8>::with_a_lifetime_cache().peek(&2), Some((2, "text")));
    let _: &memofn::Cache<(Store<u8>, u32), u8> = Store::<u8>::item_cache();
    let _: &memofn::Cache<(Store<u8>, u32), Vec<u8>> = Store::<u8>::items_cache();
    let _: &memofn::Cache<(Store<u8>, u32), Store<u8>> = Store::<u8>::copy_cache();
    let _: &memofn::Cache<Store<u8>, Page<u8>> = Store::<u8>::page_cache();
    let _: &memofn::Cache<Page<u8>, u8> = Page::<u8>::value_cache();
    let _: &memofn::Cache<(Page<u8>, u32), u8> = Page::<u8>::fetched_cache();
}

#[test]
fn a_generic_function_stores_the_ok_of_an_alias() {
    trait Row: Clone + Send + Sync + 'static {
        fn of(n: u32) -> Self;
    }
    impl Row for u8 {
        fn of(n: u32) -> Self {
            n.try_into().unwrap_or(0)
        }
    }
    /// Its parameter needs a trait of the user's.
    #[derive(Debug, Clone, PartialEq)]
    struct Bounded<T: Row>(T);

    #[memoize]
    fn standard<T: Clone + Default + Send + Sync + 'static>(n: u32) -> Fetch<T> {
        even(n).map(|_| T::default())
    }
    #[memoize]
    fn row<T: Row>(n: u32) -> Fetch<T> {
        even(n).map(T::of)
    }
    #[memoize]
    fn bounded<T: Row>(n: u32) -> Bounded<T> {
        Bounded(T::of(n))
    }
    #[memoize]
    fn rows<T, const N: usize>(n: u32) -> Fetch<[T; N]>
    where
        T: Clone + Default + Send + Sync + 'static,
    {
        even(n).map(|_| std::array::from_fn(|_| T::default()))
    }
    #[memoize(scope = "thread")]
    fn of_thread<T: Clone + Default + 'static>(n: u32) -> Fetch<T> {
        even(n).map(|_| T::default())
    }
    #[memoize]
    async fn later<T: Clone + Default + Send + Sync + 'static>(n: u32) -> Fetch<T> {
        even(n).map(|_| T::default())
    }

    for _ in 0..2 {
        assert_eq!(standard::<u8>(2).ok(), Some(0));
        assert!(standard::<u8>(1).is_err());
        assert_eq!(row::<u8>(2).ok(), Some(2));
        assert!(row::<u8>(1).is_err());
        assert_eq!(bounded::<u8>(2), Bounded(2));
        assert_eq!(rows::<u8, 2>(2).ok(), Some([0, 0]));
        assert_eq!(of_thread::<u8>(2).ok(), Some(0));
        assert_eq!(futures::executor::block_on(later::<u8>(2)).ok(), Some(0));
    }
    let _: &memofn::Cache<u32, u8> = standard::<u8>::cache();
    let _: &memofn::Cache<u32, [u8; 2]> = rows::<u8, 2>::cache();
    assert_eq!(row::<u8>::cache_peek(2).unwrap().ok(), Some(2));
    assert_eq!(counts(row::<u8>::cache_info()), (1, 3, Some(128), 1));
}

#[test]
fn a_result_of_the_users_own_is_stored_whole() {
    /// No alias of the standard one.
    #[derive(Debug, Clone, PartialEq)]
    enum Result<T> {
        Found(T),
        Missing,
    }
    struct Client;

    impl Client {
        #[memoize(skip(self))]
        fn find(&self, n: u32) -> Result<u32> {
            if is_even(n) { Result::Found(n) } else { Result::Missing }
        }
    }
    #[memoize]
    fn find<T: Clone + Default + Send + Sync + 'static>(n: u32) -> Result<T> {
        if is_even(n) { Result::Found(T::default()) } else { Result::Missing }
    }

    for _ in 0..2 {
        assert_eq!((Client.find(1), Client.find(2)), (Result::Missing, Result::Found(2)));
        assert_eq!((find::<u8>(1), find::<u8>(2)), (Result::Missing, Result::Found(0)));
    }
    assert_eq!(Client::find_cache().peek(&1), Some(Result::Missing));
    assert_eq!(counts(find::<u8>::cache_info()), (2, 2, Some(128), 2));
}

#[test]
fn an_error_may_borrow() {
    #[memoize]
    fn checked<E: Clone + Send + Sync + From<u8>>(n: u32) -> Result<u32, E> {
        if is_even(n) { Ok(n) } else { Err(E::from(1)) }
    }
    #[memoize(skip(error))]
    fn given<E: Clone + Send + Sync>(n: u32, error: E) -> Result<u32, E> {
        if is_even(n) { Ok(n) } else { Err(error) }
    }
    #[memoize(skip(error))]
    fn in_where<E>(n: u32, error: E) -> Result<u32, E>
    where
        E: Clone + Send + Sync,
    {
        if is_even(n) { Ok(n) } else { Err(error) }
    }

    let text = String::from("odd");
    for _ in 0..2 {
        assert_eq!(checked::<u64>(1), Err(1));
        assert_eq!(given(1, text.as_str()), Err("odd"));
        assert_eq!(given(2, text.as_str()), Ok(2));
        assert_eq!(in_where(2, text.as_str()), Ok(2));
    }
}

#[test]
fn a_lifetime_that_no_argument_has_is_static() {
    use std::borrow::Cow;

    #[derive(Debug, Clone, PartialEq)]
    struct Message<'a>(Cow<'a, str>);
    struct Bot;
    trait Help {
        fn trait_help<'a>(&self, n: u32) -> Message<'a>;
    }

    #[memoize]
    fn help<'a>(commands: &[String]) -> Message<'a> {
        let message: Message<'a> = Message(commands.join(" ").into());
        message
    }
    #[memoize]
    fn checked<'a>(n: u32) -> Result<&'a str, Broken> {
        even(n).map(|_| "even")
    }
    #[memoize]
    async fn later<'a>(n: u32) -> Option<Message<'a>> {
        is_even(n).then_some(Message("even".into()))
    }
    #[memoize]
    fn generic<'a, T: Clone + Send + Sync + 'static>(items: &[T]) -> Result<Cow<'a, [u8]>, String>
    where
        T: std::hash::Hash + Eq,
    {
        Ok(vec![u8::try_from(items.len()).unwrap()].into())
    }
    impl Bot {
        #[memoize(skip(self))]
        fn help<'a>(&self, n: u32) -> Message<'a> {
            Message(n.to_string().into())
        }
    }
    #[memoize]
    impl Help for Bot {
        #[memoize(skip(self))]
        fn trait_help<'a>(&self, n: u32) -> Message<'a> {
            Message(n.to_string().into())
        }
    }

    let commands = ["a".to_owned(), "b".to_owned()];
    for _ in 0..2 {
        assert_eq!(help(&commands), Message("a b".into()));
        assert_eq!(checked(2).ok(), Some("even"));
        assert!(checked(1).is_err());
        assert_eq!(futures::executor::block_on(later(2)), Some(Message("even".into())));
        assert_eq!(generic(&[1]).unwrap().as_ref(), [1]);
        assert_eq!((Bot.help(1), Bot.trait_help(1)), (Message("1".into()), Message("1".into())));
    }
    let _: &memofn::Cache<Vec<String>, Message<'static>> = help::cache();
    assert_eq!(help::cache_peek(&commands), Some(Message("a b".into())));
    assert_eq!(help::cache_refresh(&commands), Message("a b".into()));
    assert_eq!(counts(help::cache_info()), (1, 2, Some(128), 1));
    assert_eq!(Bot::help_cache().info().hits, 1);
}

/// Keys and results that borrow what outlives a given cache.
mod borrowing {
    use memofn::{Cache, memoize};
    use std::borrow::Cow;
    use std::rc::Rc;
    use std::sync::Arc;

    #[derive(Debug, PartialEq)]
    enum Expr<'s> {
        Word(&'s str),
        Sum(Arc<Expr<'s>>, Arc<Expr<'s>>),
    }

    #[derive(Debug, Clone, PartialEq)]
    struct Unexpected<'s>(&'s str);

    type PResult<'s, T> = Result<T, Unexpected<'s>>;

    struct Parser<'s> {
        text: &'s str,
        sums: Cache<usize, Option<Arc<Expr<'s>>>>,
        words: Cache<usize, &'s str>,
        names: Cache<&'s str, usize>,
        spans: Cache<(usize, &'s str), Rc<Expr<'s>>>,
        owned: Cache<String, usize>,
    }

    impl<'s> Parser<'s> {
        fn new(text: &'s str) -> Self {
            Self {
                text,
                sums: Cache::default(),
                words: Cache::default(),
                names: Cache::default(),
                spans: Cache::default(),
                owned: Cache::default(),
            }
        }
        #[memoize(cache = self.sums)]
        fn sum(&self, at: usize) -> Option<Arc<Expr<'s>>> {
            let word = Arc::new(Expr::Word(self.word(at).ok()?));
            match self.sum(at + 2) {
                Some(rest) => Some(Arc::new(Expr::Sum(word, rest))),
                None => Some(word),
            }
        }
        #[memoize(cache = self.words)]
        fn word(&self, at: usize) -> Result<&'s str, Unexpected<'s>> {
            self.text.get(at..=at).ok_or(Unexpected(self.text))
        }
        #[memoize(cache = self.words, key = at + 100)]
        fn aliased(&self, at: usize) -> PResult<'s, &'s str> {
            self.text.get(at..=at).ok_or(Unexpected(self.text))
        }
        #[memoize(cache = self.names)]
        fn length(&self, name: &'s str) -> usize {
            name.len()
        }
        #[memoize(cache = self.names, key = &self.text[from..to])]
        fn length_of(&self, from: usize, to: usize) -> usize {
            to - from
        }
        #[memoize(cache = self.owned)]
        fn owned(&self, name: &'s str) -> usize {
            name.len()
        }
        #[memoize(cache = self.owned, key = &self.text[from..to])]
        fn owned_of(&self, from: usize, to: usize) -> usize {
            to - from
        }
        #[memoize(cache = self.spans)]
        fn span(&self, at: usize, word: &'s str) -> Rc<Expr<'s>> {
            Rc::new(Expr::Word(&word[at..]))
        }
    }

    #[memoize(cache = parser.sums, key = at + 1000)]
    fn sum_of<'s>(parser: &Parser<'s>, at: usize) -> Option<Arc<Expr<'s>>> {
        parser.sum(at)
    }

    #[memoize]
    impl<'s> Parser<'s> {
        #[memoize(cache = self.sums, key = at + 2000)]
        fn in_a_block(&self, at: usize) -> Option<Arc<Expr<'s>>> {
            self.sum(at)
        }
    }

    trait Parse<'s> {
        fn parse(&self, at: usize) -> Option<Arc<Expr<'s>>>;
    }

    #[memoize]
    impl<'s> Parse<'s> for Parser<'s> {
        #[memoize(cache = self.sums, key = at + 3000)]
        fn parse(&self, at: usize) -> Option<Arc<Expr<'s>>> {
            self.sum(at)
        }
    }

    struct Fetcher<'s> {
        pages: Cache<(Cow<'s, str>, &'s str), &'s str>,
        tags: Cache<Option<&'s str>, usize>,
    }

    impl<'s> Fetcher<'s> {
        #[memoize(cache = self.pages)]
        async fn page(&self, url: Cow<'s, str>, text: &'s str) -> &'s str {
            let _ = (url, self);
            text
        }
        #[memoize(cache = self.tags)]
        fn tag(&self, name: Option<&'s str>) -> usize {
            name.map_or(0, str::len)
        }
    }

    #[test]
    fn what_outlives_a_given_cache() {
        let text = String::from("a+b");
        let parser = Parser::new(&text);
        for _ in 0..2 {
            let sum = parser.sum(0).unwrap();
            assert_eq!(*sum, Expr::Sum(Arc::new(Expr::Word("a")), Arc::new(Expr::Word("b"))));
            assert!(Arc::ptr_eq(&sum, &sum_of(&parser, 0).unwrap()));
            assert!(Arc::ptr_eq(&sum, &parser.in_a_block(0).unwrap()));
            assert!(Arc::ptr_eq(&sum, &parser.parse(0).unwrap()));
            assert_eq!(parser.word(9), Err(Unexpected("a+b")));
            assert_eq!(parser.aliased(2), Ok("b"));
            assert_eq!((parser.length("abc"), parser.length_of(0, 2)), (3, 2));
            assert_eq!((parser.owned("abc"), parser.owned_of(0, 2)), (3, 2));
            assert_eq!(*parser.span(1, "ab"), Expr::Word("b"));
        }
        assert_eq!(parser.words.peek(&0), Some("a"));
        assert_eq!(parser.names.info().misses, 2);
        assert_eq!(parser.names.peek(&"a+"), Some(2));
        assert_eq!(parser.owned.peek("a+"), Some(2));
        assert_eq!(sum_of::cache_peek(&parser, 0).flatten(), parser.sum(0));

        let fetcher = Fetcher { pages: Cache::default(), tags: Cache::default() };
        for _ in 0..2 {
            let page = fetcher.page(Cow::Borrowed(&text), &text);
            assert_eq!(futures::executor::block_on(page), "a+b");
            assert_eq!(fetcher.tag(Some(&text)), 3);
        }
        assert_eq!(fetcher.pages.info().misses, 1);
    }
}
