//! Results of every type that can be stored.

use crate::check::{memoized, ran, remembered, runs};
use memofn::{Cache, memoize};
use std::borrow::Cow;
use std::cmp::Ordering;
use std::collections::HashMap;
use std::convert::Infallible;
use std::error::Error;
use std::fmt;
use std::io;
use std::rc::Rc;
use std::sync::{Arc, Mutex};
use std::task::Poll;

/// An error that cannot be cloned, sent, or compared.
#[derive(Debug)]
struct Lost(#[expect(dead_code, reason = "it is what makes the error not `Send`")] Rc<()>);

/// An error that callers can share.
#[derive(Debug, Clone, PartialEq)]
struct Copied;

/// A `Result`, and named like one.
type MyResult<T> = Result<T, Copied>;
/// A `Result` with another name.
type Answer<T> = Result<T, Lost>;
/// A result of one type.
type Number = Result<u32, Copied>;

/// Not a `Result`, but named like one.
#[derive(Debug, Clone)]
struct SearchResult {
    hits: u32,
}

mod other {
    /// Not a `Result` either.
    #[derive(Debug, Clone)]
    pub(super) enum Result<T> {
        Done(T),
        Failed,
    }
}

/// The stored value for each kind, and whether an error is stored.
macro_rules! of_each_type {
    ($($(#[$attr:meta])* $name:ident -> $ty:ty as $stored:ty, |$n:ident| $body:expr, $value:expr $(, fails with $error:expr)?;)*) => {$(
        #[test]
        fn $name() {
            $(#[$attr])*
            fn function($n: u32) -> $ty {
                ran($body)
            }
            remembered::<u32, $stored, _, _>(
                &function::cache(),
                &mut || function(1),
                &mut || function::uncached(1),
                &$value,
            );
            $(for _ in 0..2 {
                runs!(1, function(0) => $error);
                assert!(function::cache_peek(0).is_none());
            })?
        }
    )*};
}

of_each_type! {
    #[memoize] a_unit -> () as (), |_n| (), ();
    #[memoize] a_static_str -> &'static str as &'static str, |n| ["a", "b"][n as usize], "b";
    #[memoize] a_static_slice -> &'static [u8] as &'static [u8], |n| &[1, 2, 3][n as usize..], &[2, 3][..];
    #[memoize] an_optional_static -> Option<&'static str> as Option<&'static str>, |n| (n > 0).then_some("a"), Some("a");
    #[memoize] a_static_cow -> Cow<'static, str> as Cow<'static, str>, |n| n.to_string().into(), "1".into();
    #[memoize] an_arc -> Arc<str> as Arc<str>, |n| n.to_string().into(), "1".into();
    #[memoize] an_arc_of_a_mutex -> Arc<Mutex<u32>> as Arc<Mutex<u32>>, |n| Arc::new(n.into()), Arc::new(1.into());
    #[memoize(scope = "thread")] an_rc -> Rc<[u32]> as Rc<[u32]>, |n| Rc::from([n]), Rc::from([1]);
    #[memoize] a_box -> Box<[u32]> as Box<[u32]>, |n| Box::from([n]), Box::from([1]);
    #[memoize] a_vec -> Vec<String> as Vec<String>, |n| vec![n.to_string()], vec!["1".to_owned()];
    #[memoize] a_map -> HashMap<u32, String> as HashMap<u32, String>, |n| [(n, n.to_string())].into(), [(1, "1".to_owned())].into();
    #[memoize] a_tuple -> (u32, f64, &'static str) as (u32, f64, &'static str), |n| (n, f64::from(n), "a"), (1, 1.0, "a");
    #[memoize] an_array -> [String; 2] as [String; 2], |n| [n.to_string(), String::new()], ["1".to_owned(), String::new()];
    #[memoize] a_float -> f64 as f64, |n| f64::from(n) / 0.0, f64::INFINITY;
    #[memoize] an_ordering -> Ordering as Ordering, |n| n.cmp(&0), Ordering::Greater;
    #[memoize] a_function -> fn(u32) -> u32 as fn(u32) -> u32, |n| if n > 0 { INCREMENT } else { DOUBLE }, INCREMENT;
    #[memoize] a_poll -> Poll<u32> as Poll<u32>, |n| Poll::Ready(n), Poll::Ready(1);
    #[memoize] a_projection -> <str as ToOwned>::Owned as _, |n| n.to_string(), "1".to_owned();
    #[memoize] an_option -> Option<u32> as Option<u32>, |n| n.checked_sub(1), Some(0);
    #[memoize] an_option_of_a_result -> Option<Result<u32, String>> as Option<Result<u32, String>>, |n| Some(Ok(n)), Some(Ok(1));
    #[memoize] a_result_of_an_option -> Result<Option<u32>, String> as Option<u32>,
        |n| if n > 0 { Ok(None) } else { Err("zero".to_owned()) }, Ok(None), fails with Err::<(), _>("zero");
    #[memoize] a_result_of_a_result -> Result<Result<u32, u8>, u8> as Result<u32, u8>,
        |n| if n > 0 { Ok(Err(7)) } else { Err(9) }, Ok(Err(7)), fails with Err::<(), _>(9);
    #[memoize] an_io_result -> io::Result<u32> as u32,
        |n| if n > 0 { Ok(n) } else { Err(io::ErrorKind::NotFound.into()) }, Ok(1), fails with Err::<(), _>(io::Error::from(io::ErrorKind::NotFound));
    #[memoize] a_fmt_result -> fmt::Result as (),
        |n| if n > 0 { Ok(()) } else { Err(fmt::Error) }, Ok(()), fails with Err::<(), _>(fmt::Error);
    #[memoize] a_thread_result -> std::thread::Result<u32> as u32,
        |n| if n > 0 { Ok(n) } else { Err(Box::new("zero")) }, Ok(1), fails with Err::<(), _>(Box::new("zero") as Box<dyn std::any::Any + Send>);
    #[memoize] a_boxed_error -> Result<u32, Box<dyn Error>> as u32,
        |n| if n > 0 { Ok(n) } else { Err("zero".into()) }, Ok(1), fails with Err::<(), _>("zero");
    #[memoize] a_result_that_never_fails -> Result<u32, Infallible> as u32, |n| Ok(n), Ok(1);
    #[memoize] an_alias_of_a_result -> MyResult<u32> as u32,
        |n| if n > 0 { Ok(n) } else { Err(Copied) }, Ok(1), fails with Err::<(), _>(Copied);
    #[memoize] an_alias_by_another_name -> Answer<u32> as u32,
        |n| if n > 0 { Ok(n) } else { Err(Lost(Rc::new(()))) }, Ok(1), fails with Err::<(), _>(Lost(Rc::new(())));
    #[memoize] an_alias_of_one_type -> Number as u32,
        |n| if n > 0 { Ok(n) } else { Err(Copied) }, Ok(1), fails with Err::<(), _>(Copied);
    #[memoize] an_alias_for_a_thread -> Answer<u32> as u32,
        |n| if n > 0 { Ok(n) } else { Err(Lost(Rc::new(()))) }, Ok(1), fails with Err::<(), _>(Lost(Rc::new(())));
    #[memoize] a_type_named_like_a_result -> SearchResult as SearchResult, |n| SearchResult { hits: n }, SearchResult { hits: 1 };
    #[memoize] a_type_named_result -> other::Result<u32> as other::Result<u32>,
        |n| if n > 0 { other::Result::Failed } else { other::Result::Done(n) }, other::Result::Failed;
    #[memoize(cache_if = Result::is_err)] an_error_that_is_wanted -> Result<u32, Copied> as Result<u32, Copied>,
        |n| if n > 0 { Err(Copied) } else { Ok(n) }, Err(Copied), fails with Ok::<u32, ()>(0);
}

static INCREMENT: fn(u32) -> u32 = |n| n + 1;
static DOUBLE: fn(u32) -> u32 = |n| n * 2;

#[test]
fn what_a_type_named_like_a_result_holds_is_read() {
    #[memoize]
    fn found(n: u32) -> SearchResult {
        ran(SearchResult { hits: n })
    }

    assert_eq!((found(1).hits, found(1).hits, runs_of(|| found(2).hits)), (1, 1, (1, 2)));
}

fn runs_of<R>(call: impl FnOnce() -> R) -> (u32, R) {
    let before = crate::check::so_far();
    let result = call();
    (crate::check::so_far() - before, result)
}

/// A trait whose objects can be cloned, as with `dyn-clone`.
trait Animal: fmt::Debug + Send + Sync {
    fn legs(&self) -> u32;
    fn boxed(&self) -> Box<dyn Animal>;
}

impl<T: fmt::Debug + Clone + Send + Sync + 'static + Into<u32>> Animal for T {
    fn legs(&self) -> u32 {
        self.clone().into()
    }
    fn boxed(&self) -> Box<dyn Animal> {
        Box::new(self.clone())
    }
}

impl Clone for Box<dyn Animal> {
    fn clone(&self) -> Self {
        (**self).boxed()
    }
}

#[test]
fn an_object_that_can_be_cloned_is_stored() {
    #[memoize]
    fn animal(legs: u8) -> Box<dyn Animal> {
        ran(Box::new(legs))
    }

    memoized!(animal(4) => Box::new(4_u8) as Box<dyn Animal>);
    assert_eq!((animal(4).legs(), animal(2).legs()), (4, 2));
}

#[test]
fn an_object_that_is_shared_is_stored() {
    #[memoize]
    fn adder(n: u32) -> Arc<dyn Fn(u32) -> u32 + Send + Sync> {
        ran(Arc::new(move |m| n + m))
    }

    assert_eq!((runs_of(|| adder(1)(1)), runs_of(|| adder(1)(2))), ((1, 2), (0, 3)));
    assert!(Arc::ptr_eq(&adder(1), &adder::cache_peek(1).expect("it is stored")));
}

#[test]
fn no_result_may_be_written() {
    #[memoize]
    fn quiet(_n: u32) {
        ran(());
    }
    #[memoize]
    #[expect(clippy::unused_unit, clippy::semicolon_if_nothing_returned, reason = "the shape")]
    fn unit(_n: u32) -> () {
        ran(())
    }

    memoized!(quiet(1) => ());
    memoized!(unit(1) => ());
    let _: &Cache<u32, ()> = quiet::cache();
}

#[test]
fn a_body_may_return_early_and_fail_with_a_question_mark() {
    #[memoize]
    fn parsed(text: &str) -> Result<u32, Box<dyn Error + Send + Sync>> {
        ran(());
        if text.is_empty() {
            return Ok(0);
        }
        let n: u32 = text.parse()?;
        Ok(n.checked_mul(2).ok_or("too large")?)
    }

    let parse = |text| parsed(text).map_err(|error| error.to_string());
    runs!(1, parse("21") => Ok::<_, ()>(42));
    runs!(0, parse("21") => Ok::<_, ()>(42));
    runs!(1, parse("") => Ok::<_, ()>(0));
    runs!(0, parse("") => Ok::<_, ()>(0));
    for _ in 0..2 {
        runs!(1, parse("x") => Err::<(), _>("invalid digit found in string"));
        runs!(1, parse("4000000000") => Err::<(), _>("too large"));
    }
}
