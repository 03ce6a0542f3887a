//! Which results are stored: `Ok` and not `Err`, even behind a type alias; all other types; `cache_if`.

#![expect(clippy::unnecessary_wraps, reason = "results of every kind are stored")]

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
