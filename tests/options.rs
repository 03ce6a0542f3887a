//! The options of a function are user code. The first call evaluates them when it makes the cache.

mod common;

use common::{counts, finishes, panic_silently};
use memofn::memoize;
use std::panic::catch_unwind;
use std::sync::Barrier;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use std::thread;
use std::time::Duration;

/// The message of a call that panics.
fn message_of<R>(call: impl FnOnce() -> R + std::panic::UnwindSafe) -> String {
    let failure = catch_unwind(call).err().expect("it panics");
    *failure.downcast::<String>().expect("it panics with a message")
}

#[test]
fn options_that_call_their_function_panic() {
    fn size() -> usize {
        shared(1).into()
    }
    #[memoize(maxsize = size())]
    fn shared(n: u8) -> u8 {
        n
    }

    fn thread_size() -> usize {
        of_a_thread(1).into()
    }
    #[memoize(maxsize = thread_size(), scope = "thread")]
    fn of_a_thread(n: u8) -> u8 {
        n
    }

    fn time() -> Duration {
        Duration::from_secs(generic(1_u8).into())
    }
    #[memoize(ttl = time())]
    fn generic<T: Clone + Eq + std::hash::Hash + Send + Sync + 'static>(n: T) -> T {
        n
    }

    struct Counter;

    impl Counter {
        #[memoize(skip(self), maxsize = usize::from(Counter.count(1)))]
        fn count(&self, n: u8) -> u8 {
            n
        }
    }

    finishes("options that call their function", || {
        for _ in 0..2 {
            let said = "call `shared`: its cache is made of them";
            assert_eq!(message_of(|| shared(2)), format!("the options of `shared` {said}"));
            assert!(message_of(|| of_a_thread(2)).starts_with("the options of `of_a_thread` call"));
            assert!(message_of(|| generic(2_u8)).starts_with("the options of `generic` call"));
            assert!(message_of(|| Counter.count(2)).starts_with("the options of `count` call"));
            assert!(message_of(shared::cache_info).starts_with("the options of `shared` call"));
        }
    });
}

#[test]
fn options_may_call_other_functions_and_other_instantiations() {
    #[memoize]
    fn size(n: usize) -> usize {
        n + 1
    }
    #[memoize(maxsize = size(1) + usize::from(generic(1_u8)))]
    fn sized(n: u8) -> u8 {
        n
    }

    fn size_of<T: 'static>() -> usize {
        if std::any::TypeId::of::<T>() == std::any::TypeId::of::<u8>() {
            7
        } else {
            generic(3_u8).into()
        }
    }
    #[memoize(maxsize = size_of::<T>())]
    fn generic<T: Clone + Eq + std::hash::Hash + Send + Sync + 'static>(n: T) -> T {
        n
    }

    finishes("options that call other functions", || {
        assert_eq!((sized(1), sized::cache_info().maxsize), (1, Some(3)));
        assert_eq!((generic('a'), generic::<char>::cache_info().maxsize), ('a', Some(3)));
        assert_eq!(generic::<u8>::cache_info().maxsize, Some(7));
    });
}

#[test]
fn a_panic_of_an_option_leaves_the_function_usable() {
    static FAILS: AtomicBool = AtomicBool::new(true);

    fn size() -> usize {
        if FAILS.load(SeqCst) { panic_silently("no size") } else { 3 }
    }
    #[memoize(maxsize = size())]
    fn shared(n: u8) -> u8 {
        n
    }
    #[memoize(maxsize = size(), scope = "thread")]
    fn of_a_thread(n: u8) -> u8 {
        n
    }

    for _ in 0..2 {
        assert_eq!(common::panic_of(|| shared(1)), "no size");
        assert_eq!(common::panic_of(|| of_a_thread(1)), "no size");
    }
    FAILS.store(false, SeqCst);
    assert_eq!((shared(1), shared(1)), (1, 1));
    assert_eq!((of_a_thread(1), of_a_thread(1)), (1, 1));
    assert_eq!(counts(shared::cache_info()), (1, 1, Some(3), 1));
    assert_eq!(counts(of_a_thread::cache_info()), (1, 1, Some(3), 1));
}

#[test]
fn one_of_several_first_calls_makes_the_cache() {
    static TURNS: AtomicUsize = AtomicUsize::new(0);
    static BARRIER: Barrier = Barrier::new(4);

    fn size() -> usize {
        // All threads are here at the same time: none waits for the options of another.
        BARRIER.wait();
        TURNS.fetch_add(1, SeqCst) + 10
    }
    #[memoize(maxsize = size(), name = "made by one of four")]
    fn made(n: u8) -> u8 {
        n
    }

    finishes("four first calls", || {
        thread::scope(|scope| {
            for n in 0..4 {
                scope.spawn(move || assert_eq!(made(n), n));
            }
        });
    });
    let info = made::cache_info();
    assert_eq!((info.hits + info.misses, info.currsize), (4, 4));
    assert!((10..14).contains(&info.maxsize.expect("it is bounded")));
    let listed = memofn::caches().filter(|cache| cache.name() == "made by one of four");
    assert_eq!(listed.count(), 1);
}
