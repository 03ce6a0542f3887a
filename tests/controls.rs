//! The controls of a memoized function: inspect, remove, insert, refresh, clear.

mod common;

use common::{counts, finishes, panic_of, panic_silently};
use memofn::memoize;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
use std::sync::mpsc::channel;
use std::thread;
use std::time::Duration;

mod library {
    //! What one `use` imports.

    /// Visible from outside, as its controls are.
    #[memofn::memoize(maxsize = 7)]
    pub(crate) fn double(n: u32) -> u32 {
        n * 2
    }

    pub(crate) mod inner {
        #[memofn::memoize(name = "tripled")]
        pub(in super::super) fn triple(n: u32) -> u32 {
            n * 3
        }
    }
}

macro_rules! in_every_scope {
    ($($test:ident $scope:literal;)*) => {$(
        #[test]
        fn $test() {
            #[memoize(maxsize = 10, scope = $scope)]
            fn area(width: u32, name: &str) -> String {
                format!("{name} {}", width * width)
            }

            assert_eq!(counts(area::cache_info()), (0, 0, Some(10), 0));
            assert_eq!((area(2, "a"), area(2, "a")), ("a 4".to_owned(), "a 4".to_owned()));
            assert_eq!(counts(area::cache_info()), (1, 1, Some(10), 1));

            // A peek changes nothing.
            assert_eq!(area::cache_peek(2, "a").as_deref(), Some("a 4"));
            assert_eq!(area::cache_peek(2, "b"), None);
            assert_eq!(counts(area::cache_info()), (1, 1, Some(10), 1));

            // An inserted value is found, and replaces an older one.
            area::cache_insert(3, "a", "nine".to_owned());
            area::cache_insert(2, "a", "four".to_owned());
            assert_eq!((area(3, "a"), area(2, "a")), ("nine".to_owned(), "four".to_owned()));
            assert_eq!(counts(area::cache_info()), (3, 1, Some(10), 2));

            // A refresh runs the body, and counts as a run.
            assert_eq!(area::cache_refresh(2, "a"), "a 4");
            assert_eq!(area::cache_refresh(4, "a"), "a 16");
            assert_eq!((area(2, "a"), area(4, "a")), ("a 4".to_owned(), "a 16".to_owned()));
            assert_eq!(counts(area::cache_info()), (5, 3, Some(10), 3));

            // A removal takes out one entry and returns it.
            assert_eq!(area::cache_remove(3, "a").as_deref(), Some("nine"));
            assert_eq!(area::cache_remove(3, "a"), None);
            assert_eq!(area(3, "a"), "a 9");
            assert_eq!(counts(area::cache_info()), (5, 4, Some(10), 3));

            // The original function does not use the cache.
            assert_eq!(area::uncached(5, "a"), "a 25");
            assert_eq!(area::cache_peek(5, "a"), None);

            // The cache itself, with its own type of key.
            let cache = area::cache();
            assert_eq!(cache.peek(&(2, "a".to_owned())).as_deref(), Some("a 4"));
            let mut widths: Vec<u32> = cache.iter().map(|entry| entry.key().0).collect();
            widths.sort_unstable();
            assert_eq!(widths, [2, 3, 4]);
            cache.retain(|(width, _), value| *width != 3 && value != "a 16");
            assert_eq!(cache.len(), 1);
            cache.insert((6, "b".to_owned()), "b 36".to_owned());
            assert_eq!(area::cache_peek(6, "b").as_deref(), Some("b 36"));

            let parameters = area::cache_parameters();
            assert_eq!((parameters.maxsize, parameters.ttl), (Some(10), None));
            assert_eq!(parameters.scope, $scope);
            assert!(parameters.name.ends_with("::area"), "{}", parameters.name);

            area::cache_clear();
            assert_eq!(counts(area::cache_info()), (0, 0, Some(10), 0));
            assert!(area::cache().is_empty());
        }
    )*};
}
in_every_scope! {
    every_control_of_a_shared_cache_does_what_it_says "shared";
    every_control_of_a_threads_cache_does_what_it_says "thread";
}

#[test]
fn one_use_imports_the_function_and_its_controls() {
    use library::double;
    use library::inner::triple as thrice;

    assert_eq!((double(2), thrice(2), double(2)), (4, 6, 4));
    assert_eq!(counts(double::cache_info()), (1, 1, Some(7), 1));
    assert_eq!(thrice::cache_peek(2), Some(6));
    assert_eq!(double::cache_remove(2), Some(4));
}

#[test]
fn functions_of_one_name_in_different_bodies_are_different() {
    fn first() -> (u32, u64) {
        #[memoize]
        fn f(n: u32) -> u32 {
            n + 1
        }
        (f(1), f::cache_info().misses)
    }
    fn second() -> (u32, u64) {
        #[memoize]
        fn f(n: u32) -> u32 {
            n + 3
        }
        {
            #[memoize]
            fn f(n: u32) -> u32 {
                n + 2
            }
            f(1);
        }
        (f(1), f::cache_info().misses)
    }

    assert_eq!((first(), second()), ((2, 1), (4, 1)));
    assert_eq!((first(), second()), ((2, 1), (4, 1)));
}

#[test]
fn a_function_inside_a_body_is_one_function_for_all_calls() {
    fn outer(n: u32) -> (u32, u64) {
        #[memoize(scope = "shared")]
        fn inner(n: u32) -> u32 {
            n * 10
        }
        (inner(n), inner::cache_info().misses)
    }

    assert_eq!((outer(1), outer(1), outer(2)), ((10, 1), (10, 1), (20, 2)));
}

#[test]
fn the_controls_may_have_a_name_of_their_own() {
    #[expect(non_camel_case_types, reason = "the name is taken, in this very case")]
    struct fib {
        n: u32,
    }

    #[memoize(maxsize = unbounded, controls = fib_cache)]
    fn fib(n: u32) -> u64 {
        if n < 2 { u64::from(n) } else { fib(n - 1) + fib(n - 2) }
    }

    let wanted = fib { n: 15 };
    assert_eq!(fib(wanted.n), 610);
    assert_eq!(counts(fib_cache::cache_info()), (13, 16, None, 16));
    assert_eq!(fib_cache::uncached(1), 1);
    fib_cache::cache_clear();
    assert_eq!(fib_cache::cache_peek(15), None);
}

#[test]
fn parameters_show_the_options_in_force() {
    #[memoize]
    fn bare() {}
    #[memoize(patience = "1m 30s")]
    fn patient() {}
    #[memoize(patience = unlimited)]
    fn endless() {}
    #[memoize(patience = Duration::from_millis(250))]
    fn computed() {}
    #[memoize(maxsize = 3, ttl = "1h 30m", name = "users", single_flight = false)]
    fn full() {}
    #[memoize(maxsize = unbounded, ttl = Duration::MAX, scope = "thread")]
    fn local() {}

    bare();
    patient();
    endless();
    computed();
    full();
    local();
    let bare = bare::cache_parameters();
    assert!(bare.name.starts_with("controls::") && bare.name.ends_with("bare"), "{}", bare.name);
    assert_eq!((bare.maxsize, bare.ttl), (Some(128), None));
    assert_eq!((bare.scope, bare.single_flight, bare.patience), ("shared", true, None));

    let patience = [
        (patient::cache_parameters(), Duration::from_secs(90), r#"patience = "1m 30s""#),
        (endless::cache_parameters(), Duration::MAX, "patience = unlimited"),
        (computed::cache_parameters(), Duration::from_millis(250), r#"patience = "250ms""#),
    ];
    for (parameters, patience, written) in patience {
        assert_eq!(parameters.patience, Some(patience));
        assert!(parameters.to_string().ends_with(written), "{parameters}");
    }

    let full = full::cache_parameters();
    assert_eq!((full.maxsize, full.ttl), (Some(3), Some(Duration::from_secs(5400))));
    assert_eq!((full.name.as_ref(), full.scope, full.single_flight), ("users", "shared", false));
    assert_eq!(
        full.to_string(),
        "users: maxsize = 3, ttl = \"1h 30m\", scope = \"shared\", single_flight = false"
    );

    let local = local::cache_parameters();
    assert_eq!((local.maxsize, local.ttl), (None, Some(Duration::MAX)));
    assert_eq!(local.scope, "thread");
}

#[test]
fn a_thread_has_a_cache_of_its_own() {
    static RUNS: AtomicU32 = AtomicU32::new(0);

    #[memoize(scope = "thread")]
    fn f(n: u32) -> u32 {
        RUNS.fetch_add(1, Relaxed);
        n
    }

    f(1);
    let other = thread::spawn(|| {
        f::cache_insert(2, 20);
        (f(1), f(2), counts(f::cache_info()))
    });
    assert_eq!(other.join().expect("no panic"), (1, 20, (1, 1, Some(128), 2)));
    assert_eq!(f(2), 2);
    assert_eq!(RUNS.load(Relaxed), 3);
    assert_eq!(counts(f::cache_info()), (0, 2, Some(128), 2));
}

#[test]
fn a_refresh_that_fails_or_panics_leaves_the_old_entry() {
    static RUNS: AtomicU32 = AtomicU32::new(0);

    #[memoize]
    fn f(n: u32) -> Result<u32, String> {
        match RUNS.fetch_add(1, Relaxed) {
            1 => Err("refused".to_owned()),
            2 => panic_silently("refresh"),
            run => Ok(n + run),
        }
    }

    assert_eq!(f(10), Ok(10));
    assert_eq!(f::cache_refresh(10), Err("refused".to_owned()));
    assert_eq!(f(10), Ok(10));
    assert_eq!(panic_of(|| f::cache_refresh(10)), "refresh");
    assert_eq!(f(10), Ok(10));
    assert_eq!(f::cache_refresh(10), Ok(13));
    assert_eq!(f(10), Ok(13));
    let info = f::cache_info();
    assert_eq!((counts(info), info.rejected), ((3, 4, Some(128), 1), 1));
}

#[test]
fn hits_go_on_while_an_entry_is_refreshed() {
    static VERSION: AtomicU32 = AtomicU32::new(1);

    #[memoize(skip(held_up))]
    fn f(n: u32, held_up: impl FnOnce()) -> u32 {
        held_up();
        n * VERSION.load(Relaxed)
    }

    finishes("calls during a refresh", || {
        assert_eq!(f(10, || ()), 10);
        VERSION.store(2, Relaxed);
        let ((runs, is_running), (let_go, go_on)) = (channel(), channel::<()>());
        let refresh = thread::spawn(move || {
            f::cache_refresh(10, move || {
                runs.send(()).expect("somebody waits");
                go_on.recv().expect("somebody lets it go");
            })
        });
        is_running.recv().expect("the refresh runs");
        assert_eq!(f(10, || panic!("a hit")), 10, "the old entry answers meanwhile");
        let_go.send(()).expect("the refresh is held up");
        assert_eq!(refresh.join().expect("no panic"), 20);
        assert_eq!(f(10, || panic!("a hit")), 20);
    });
}

#[test]
fn the_info_prints_like_pythons() {
    #[memoize(maxsize = 2)]
    fn f(n: u32) -> Option<u32> {
        n.checked_sub(1)
    }

    for n in [1, 1, 2, 3] {
        f(n);
    }
    assert_eq!(f::cache_info().to_string(), "CacheInfo(hits=1, misses=3, maxsize=2, currsize=2)");
    assert_eq!(f::cache_info().hit_ratio(), Some(0.25));
}

#[test]
fn an_unsafe_function_stays_unsafe_and_can_be_memoized() {
    /// # Safety
    /// `n` is not zero.
    #[memoize]
    unsafe fn reciprocal(n: u32) -> u32 {
        1000 / n
    }

    // SAFETY: 8 is not zero.
    let values = unsafe { (reciprocal(8), reciprocal(8), reciprocal::uncached(8)) };
    assert_eq!(values, (125, 125, 125));
    assert_eq!(counts(reciprocal::cache_info()), (1, 1, Some(128), 1));
}

#[test]
fn a_function_made_by_a_macro_takes_its_options_from_it() {
    macro_rules! make {
        ($name:ident, $label:literal, $ttl:literal, $size:expr, $scope:literal, $key:expr, $n:ident) => {
            #[memoize(name = $label, ttl = $ttl, maxsize = $size, scope = $scope, key = $key)]
            fn $name($n: u32) -> u32 {
                $n
            }
        };
        ($name:ident, $alone:literal, $accept:expr, $controls:ident, $skipped:ident) => {
            #[memoize(single_flight = $alone, cache_if = $accept, controls = $controls, skip($skipped))]
            fn $name(n: u32, $skipped: &mut u32) -> u32 {
                *$skipped += n;
                *$skipped
            }
        };
    }
    make!(made, "made", "30m", 3 + 4, "thread", n / 2, n);
    make!(other, false, |n| *n > 1, others, sum);

    assert_eq!((made(4), made(5), made(6)), (4, 4, 6));
    let parameters = made::cache_parameters();
    assert_eq!((parameters.name.as_ref(), parameters.maxsize), ("made", Some(7)));
    assert_eq!((parameters.ttl, parameters.scope), (Some(Duration::from_secs(1800)), "thread"));
    let mut sum = 0;
    assert_eq!((other(1, &mut sum), other(1, &mut sum), other(1, &mut sum)), (1, 2, 2));
    assert!(!others::cache_parameters().single_flight);
}

#[allow(unreachable_pub)] // the functions are more visible than their types
mod with_private_types {
    #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
    pub(crate) struct OfTheCrate(pub(crate) u32);

    #[memofn::memoize]
    pub fn next(n: OfTheCrate) -> Option<OfTheCrate> {
        n.0.checked_add(1).map(OfTheCrate)
    }

    #[memofn::memoize]
    pub async fn next_async(n: &OfTheCrate) -> OfTheCrate {
        std::future::ready(OfTheCrate(n.0 + 1)).await
    }
}

#[test]
fn a_public_function_may_have_a_type_of_the_crate_and_its_controls_too() {
    use with_private_types::{OfTheCrate, next, next_async};

    assert_eq!(next(OfTheCrate(1)), Some(OfTheCrate(2)));
    assert_eq!(next::cache_peek(OfTheCrate(1)), Some(Some(OfTheCrate(2))));
    assert_eq!(next::cache().get(&OfTheCrate(1)), Some(Some(OfTheCrate(2))));
    let refreshed = next_async::cache_refresh(&OfTheCrate(1));
    assert_eq!(futures::executor::block_on(refreshed), OfTheCrate(2));
    assert_eq!(next_async::cache_info().misses, 1);
}

/// Calls each control of one call.
macro_rules! all_controls {
    ($f:ident ($($value:expr),*) -> $result:expr) => {{
        assert_eq!($f::cache_peek($($value),*), None);
        assert_eq!($f($($value),*), $result);
        assert_eq!($f::cache_peek($($value),*), Some($result));
        assert!($f::cache_expire($($value),*));
        assert_eq!($f::cache_remove($($value),*), None);
        $f::cache_insert($($value,)* $result + 1);
        assert_eq!($f($($value),*), $result + 1);
        assert_eq!($f::cache_refresh($($value),*), $result);
        assert_eq!($f::cache_call($($value),*).value, $result);
        assert_eq!($f::uncached($($value),*), $result);
        assert_eq!($f::cache().len(), 1);
    }};
}

#[test]
fn the_controls_are_the_same_for_any_number_of_arguments() {
    #[memoize]
    fn f0() -> usize {
        0
    }
    #[memoize]
    fn f3(number: usize, text: &str, list: &[usize]) -> usize {
        number + text.len() + list.iter().sum::<usize>()
    }
    #[memoize]
    fn f6(
        one: usize,
        (two, three): (usize, usize),
        float: f32,
        option: Option<usize>,
        _unused: [u8; 2],
        text: &String,
    ) -> usize {
        one + two + three + usize::from(float > 1.0) + option.unwrap_or(0) + text.capacity().min(1)
    }
    #[memoize]
    fn f7(n1: usize, n2: usize, n3: usize, n4: usize, n5: usize, n6: usize, text: &str) -> usize {
        n1 + n2 + n3 + n4 + n5 + n6 + text.len()
    }
    #[memoize]
    fn nested(option: Option<&str>, text: &'static str) -> usize {
        option.map_or(0, str::len) + text.len()
    }

    let text = String::from("text");
    all_controls!(f0() -> 0);
    all_controls!(f3(1, &text, &[2, 3]) -> 10);
    all_controls!(f6(1, (2, 3), 1.5, None, [0; 2], &text) -> 8);
    all_controls!(f7(1, 2, 3, 4, 5, 6, &text) -> 25);
    all_controls!(nested(Some(&text), "abc") -> 7);
}
