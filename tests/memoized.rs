//! `memoize_fn` and `memoize_rec`: closures that own their cache.

mod common;

use common::{all_return, counts, finishes, panic_of, panic_silently, side_by_side};
use memofn::testing::Clock;
use memofn::{
    Cache, Memoized, MemoizedRec, memoize_fn, memoize_fn_with, memoize_rec, memoize_rec_with,
    scope, try_memoize_fn,
};
use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
use std::sync::{Arc, Barrier, mpsc};
use std::thread;
use std::time::Duration;

#[test]
fn a_memoized_closure_runs_once_for_each_key() {
    let runs = Cell::new(0);
    let offset = 10;
    let plus = memoize_fn(|n: u32| {
        runs.set(runs.get() + 1);
        n + offset
    });
    assert_eq!([plus.call(1), plus.call(2), plus.call(1)], [11, 12, 11]);
    assert_eq!((runs.get(), counts(plus.info())), (2, (1, 2, Some(128), 2)));
    plus.clear();
    assert_eq!((plus.call(1), runs.get()), (11, 3));
}

#[test]
fn several_arguments_are_a_tuple_and_none_is_the_unit() {
    let area = memoize_fn(|(width, height): (u32, u32)| width * height);
    assert_eq!((area.call((2, 3)), area.call((3, 2)), area.info().misses), (6, 6, 2));
    let runs = Cell::new(0);
    let once = memoize_fn(|()| runs.replace(runs.get() + 1));
    assert_eq!((once.call(()), once.call(()), runs.get()), (0, 0, 1));
}

#[test]
fn two_closures_of_one_expression_have_two_caches() {
    let times = |factor: u32| memoize_fn(move |n: u32| n * factor);
    let (double, triple) = (times(2), times(3));
    assert_eq!((double.call(5), triple.call(5)), (10, 15));
    assert_eq!((double.info().misses, triple.info().misses), (1, 1));
}

#[test]
fn the_cache_dies_with_the_closure() {
    let value = Arc::new(());
    let closure = memoize_fn(|_: u32| Arc::clone(&value));
    closure.call(1);
    closure.call(2);
    assert_eq!(Arc::strong_count(&value), 3);
    drop(closure);
    assert_eq!(Arc::strong_count(&value), 1);
}

#[test]
fn a_hit_by_a_borrowed_key_makes_no_owned_one() {
    #[derive(PartialEq, Eq, Hash)]
    struct Counted(u32);
    thread_local!(static CLONES: Cell<u32> = const { Cell::new(0) });
    impl Clone for Counted {
        fn clone(&self) -> Self {
            CLONES.set(CLONES.get() + 1);
            Self(self.0)
        }
    }
    let closure = memoize_fn(|key: Counted| key.0);
    let key = Counted(7);
    assert_eq!(closure.call(Counted(7)), 7);
    assert_eq!(CLONES.get(), 1, "a miss: one for the cache and one for the closure");
    assert_eq!((closure.call(Counted(7)), closure.call_by_ref(&key)), (7, 7));
    assert_eq!(CLONES.get(), 1);
    let len = memoize_fn(|name: String| name.len());
    assert_eq!((len.call_by_ref("Oslo"), len.call("Oslo".to_owned())), (4, 4));
    assert_eq!(counts(len.info()), (1, 1, Some(128), 1));
}

#[test]
fn an_error_is_stored_by_the_one_and_not_by_the_other() {
    let runs = Cell::new(0);
    let parse = |text: String| {
        runs.set(runs.get() + 1);
        text.parse::<u8>().map_err(|_| "no number")
    };
    let whole = memoize_fn(parse);
    assert_eq!(whole.call_by_ref("x"), Err("no number"));
    assert_eq!((whole.call_by_ref("x"), runs.get()), (Err("no number"), 1));

    let fallible = try_memoize_fn(parse);
    assert_eq!(fallible.try_call("x".to_owned()), Err("no number"));
    assert_eq!(fallible.try_call("x".to_owned()), Err("no number"));
    assert_eq!((fallible.try_call("7".to_owned()), runs.get()), (Ok(7), 4));
    assert_eq!(fallible.cache().peek("7"), Some(7));
    assert_eq!(counts(fallible.info()), (0, 3, Some(128), 1));
    let bounded = Cache::builder().maxsize(1).try_memoize_fn(parse);
    assert_eq!((bounded.try_call("8".to_owned()), bounded.info().maxsize), (Ok(8), Some(1)));
}

#[test]
fn a_panic_passes_through_and_is_not_stored() {
    let is_bad = Cell::new(true);
    let closure = memoize_fn(|n: u32| if is_bad.get() { panic_silently("closure") } else { n });
    assert_eq!(panic_of(|| closure.call(1)), "closure");
    is_bad.set(false);
    assert_eq!((closure.call(1), closure.call(1)), (1, 1));
    assert_eq!(counts(closure.info()), (1, 2, Some(128), 1));
}

#[test]
fn the_builder_sets_the_options() {
    let clock = Clock::stop();
    let square = Cache::builder()
        .maxsize(2)
        .ttl(Duration::from_secs(5))
        .name("memoized::square")
        .memoize_fn(|n: u32| n * n);
    assert!([1, 2, 3].map(square.as_fn()) == [1, 4, 9]);
    assert_eq!(counts(square.info()), (0, 3, Some(2), 2));
    assert!(memofn::caches().any(|status| status.name() == "memoized::square"));
    clock.advance(Duration::from_secs(5));
    assert!(square.cache().is_empty());
    square.cache().set_maxsize(9);
    assert_eq!(square.info().maxsize, Some(9));
}

#[test]
fn a_given_cache_is_shared() {
    let cache = Cache::new(9);
    cache.insert(1, "inserted".to_owned());
    let closure = memoize_fn_with(cache.clone(), |n: u32| n.to_string());
    assert_eq!((closure.call(1), closure.call(2)), ("inserted".to_owned(), "2".to_owned()));
    assert_eq!(cache.peek(&2).as_deref(), Some("2"));
    let other = closure.clone();
    assert_eq!((other.call(2), counts(cache.info())), ("2".to_owned(), (2, 1, Some(9), 2)));
}

#[test]
fn a_closure_of_one_thread_holds_what_cannot_be_sent() {
    let log = Rc::new(RefCell::new(Vec::new()));
    let closure = memoize_fn({
        let log = Rc::clone(&log);
        move |n: u32| {
            log.borrow_mut().push(n);
            Rc::new(n)
        }
    });
    let closure: Memoized<_, u32, Rc<u32>, scope::Thread> = closure.here();
    assert!(Rc::ptr_eq(&closure.call(1), &closure.call(1)));
    assert_eq!((log.borrow().len(), closure.cache().parameters().scope), (1, "thread"));
    let given: Cache<u32, Rc<u32>, scope::Thread> = Cache::builder().maxsize(1).build_for_thread();
    assert_eq!(*memoize_fn_with(given, Rc::new).call(3), 3);
    let fib = memoize_rec(|me, n: u32| if n < 2 { n } else { me(n - 1) + me(n - 2) }).here();
    assert_eq!((fib.call(20), fib.info().misses), (6765, 21));
}

#[test]
fn a_memoized_closure_is_passed_on_as_a_function() {
    fn sum(f: impl Fn(u32) -> u32) -> u32 {
        [1, 2, 1].into_iter().map(f).sum()
    }
    fn sum_dyn(f: &dyn Fn(u32) -> u32) -> u32 {
        sum(f)
    }
    let square = memoize_fn(|n: u32| n * n);
    assert_eq!((sum(square.as_fn()), sum_dyn(&square.as_fn())), (6, 6));
    assert_eq!((sum(square.clone().into_fn()), counts(square.info())), (6, (7, 2, Some(128), 2)));
    let fib = memoize_rec(|me, n: u32| if n < 2 { n } else { me(n - 1) + me(n - 2) });
    assert_eq!((sum(fib.as_fn()), sum(fib.into_fn())), (3, 3));
}

#[test]
fn a_field_spells_its_type() {
    type Fib = fn(&dyn Fn(u32) -> u64, u32) -> u64;
    struct Tables {
        half: Memoized<fn(u32) -> u32, u32, u32>,
        scaled: Memoized<Box<dyn Fn(u32) -> u32 + Send + Sync>, u32, u32>,
        fib: MemoizedRec<Fib, u32, u64>,
    }
    fn half(n: u32) -> u32 {
        n / 2
    }
    fn fib(me: &dyn Fn(u32) -> u64, n: u32) -> u64 {
        if n < 2 { n.into() } else { me(n - 1) + me(n - 2) }
    }
    let scale = 7;
    let tables = Arc::new(Tables {
        half: memoize_fn(half),
        scaled: memoize_fn(Box::new(move |n| n * scale)),
        fib: memoize_rec(fib),
    });
    let there = Arc::clone(&tables);
    let results =
        thread::spawn(move || (there.half.call(8), there.scaled.call(3), there.fib.call(50)));
    assert_eq!(results.join().expect("it returns"), (4, 21, 12_586_269_025));
    assert_eq!(tables.fib.info().misses, 51);
}

#[test]
fn a_recursive_closure_computes_each_level_once() {
    let runs = Cell::new(0);
    let fib = Cache::builder().unbounded().memoize_rec(|me, n: u64| {
        runs.set(runs.get() + 1);
        if n < 2 { n } else { me(n - 1) + me(n - 2) }
    });
    assert_eq!((fib.call(90), runs.get()), (2_880_067_194_370_816_120, 91));
    assert_eq!(counts(fib.info()), (88, 91, None, 91));
    assert_eq!((fib.call(90), runs.get()), (2_880_067_194_370_816_120, 91));
}

#[test]
fn a_recursion_through_a_tuple_and_borrowed_text() {
    let (a, b) = ("kitten".as_bytes(), "sitting".as_bytes());
    let cache = Cache::unbounded();
    let distance = memoize_rec_with(cache.clone(), |me, (i, j): (usize, usize)| match (i, j) {
        (0, n) | (n, 0) => n,
        (i, j) if a[i - 1] == b[j - 1] => me((i - 1, j - 1)),
        (i, j) => 1 + me((i - 1, j)).min(me((i, j - 1))).min(me((i - 1, j - 1))),
    });
    assert_eq!(distance.call((a.len(), b.len())), 3);
    assert!(cache.len() <= 56 && cache.len() > 20);
}

#[test]
fn a_key_computed_within_itself_finishes() {
    finishes("a recursion onto its own key", || {
        let depth = Cell::new(0);
        let closure = memoize_rec(|me, n: u32| {
            depth.set(depth.get() + 1);
            if depth.get() < 3 { me(n) + 1 } else { 100 }
        });
        assert_eq!(closure.call(1), 102);
        assert_eq!(depth.get(), 3);
        let info = closure.info();
        assert_eq!((info.hits, info.misses, info.currsize), (0, 3, 1));
    });
}

#[test]
fn threads_run_a_recursive_closure_once_for_each_level() {
    finishes("four threads and one recursion", || {
        let runs = AtomicU32::new(0);
        let cache: Cache<u32, u64> = Cache::unbounded();
        let fib = memoize_rec_with(cache, |me, n: u32| {
            runs.fetch_add(1, Relaxed);
            if n < 2 { n.into() } else { me(n - 1) + me(n - 2) }
        });
        let start = Barrier::new(4);
        let results = all_return(side_by_side(vec![60, 60, 59, 61], |n| {
            start.wait();
            fib.call(n)
        }));
        assert_eq!(results[0], 1_548_008_755_920);
        let info = fib.info();
        assert_eq!(u64::from(runs.load(Relaxed)), info.misses);
        assert_eq!(info.misses - info.helped, 62, "a circle of waits may run a level twice");
    });
}

#[test]
fn threads_that_share_a_closure_wait_for_one_run() {
    finishes("a call that waits", || {
        let (started, is_started) = mpsc::channel();
        let (go_on, may_go_on) = mpsc::channel::<()>();
        let may_go_on = std::sync::Mutex::new(may_go_on);
        let runs = AtomicU32::new(0);
        let closure = memoize_fn(|n: u32| {
            runs.fetch_add(1, Relaxed);
            started.send(()).expect("the test waits");
            may_go_on.lock().expect("no panic").recv().expect("the test sends");
            n * 2
        });
        thread::scope(|scope| {
            let calls: Vec<_> = (0..3).map(|_| scope.spawn(|| closure.call(4))).collect();
            is_started.recv().expect("one runs");
            go_on.send(()).expect("it waits");
            for call in calls {
                assert_eq!(call.join().expect("it returns"), 8);
            }
        });
        assert_eq!((runs.load(Relaxed), counts(closure.info())), (1, (2, 1, Some(128), 1)));
    });
}

#[test]
fn a_recursive_closure_goes_deep() {
    // A level has the frame of `me` besides those of a memoized function.
    let levels = if cfg!(debug_assertions) { 5_000 } else { 12_000 };
    let deep = thread::Builder::new().stack_size(2 << 20).spawn(move || {
        let sum = Cache::builder()
            .unbounded()
            .memoize_rec(|me, n: u64| if n == 0 { 0 } else { me(n - 1) + n });
        sum.call(levels)
    });
    let sum = deep.expect("a thread can be started").join().expect("it returns");
    assert_eq!(sum, levels * (levels + 1) / 2);
}

#[test]
fn a_deeper_recursion_grows_its_stack() {
    let sum = Cache::builder().unbounded().memoize_rec(|me, n: u64| {
        stacker::maybe_grow(64 << 10, 4 << 20, || if n == 0 { 0 } else { me(n - 1) + n })
    });
    assert_eq!(sum.call(100_000), 5_000_050_000);
}
