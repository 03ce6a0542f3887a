//! A listener and the entries that it is told of: their types, and readers that still read them. Small enough for Miri.

use crate::Cache;
use crate::base::clock::TestClock;
use crate::engine::engine::Engine;
use crate::engine::listener::Listener;
use crate::entry::entry::Entry;
use crate::scope::scope::{Shared, Thread};
use crate::store::cause::EvictionCause;
use crate::tests::watchdog::finishes;
use std::panic::{AssertUnwindSafe, RefUnwindSafe, UnwindSafe, catch_unwind, resume_unwind};
use std::rc::Rc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Barrier, Mutex};
use std::thread;
use std::time::Duration;

type Told = (u8, String, EvictionCause);

#[test]
fn an_engine_refuses_the_listener_of_other_entries() {
    let mut settings = Cache::<u8, u8>::builder().into_settings();
    settings.listener = Some(Listener::new(|_: &u8, _: &String, _| {}));
    let made = catch_unwind(AssertUnwindSafe(|| {
        Engine::<Shared>::make(settings.clone(), Entry::<u8, u8>::TYPE);
    }));
    assert!(made.is_err());
    Engine::<Shared>::make(settings, Entry::<u8, String>::TYPE);
}

#[test]
fn a_cache_with_a_listener_is_unwind_safe_as_others_are() {
    fn is<T: UnwindSafe + RefUnwindSafe + Send + Sync>(_: &T) {}
    let shared = Mutex::new(0);
    is(&Cache::builder().on_evict(move |_: &u8, _: &u8, _| *shared.lock().unwrap() += 1).build());
}

#[test]
fn a_value_that_is_read_is_whole_as_the_listener_sees_it() {
    static READ: Barrier = Barrier::new(2);

    /// A value whose clone waits until it was evicted.
    struct Slow(String);

    impl Clone for Slow {
        fn clone(&self) -> Self {
            READ.wait();
            READ.wait();
            Self(self.0.clone())
        }
    }

    finishes("an eviction of what is read", || {
        let told = Arc::new(Mutex::new(Vec::<Told>::new()));
        let log = Arc::clone(&told);
        let cache = Cache::builder()
            .maxsize(1)
            .on_evict(move |key: &u8, value: &Slow, why| {
                log.lock().unwrap().push((*key, value.0.clone(), why));
            })
            .build();
        cache.insert(1, Slow("one".to_owned()));
        thread::scope(|scope| {
            let reader = scope.spawn(|| cache.get(&1).map(|it| it.0));
            READ.wait();
            cache.insert(2, Slow("two".to_owned()));
            assert_eq!(*told.lock().unwrap(), [(1, "one".to_owned(), EvictionCause::Size)]);
            READ.wait();
            assert_eq!(reader.join().unwrap().as_deref(), Some("one"));
        });
        cache.clear();
        assert_eq!(told.lock().unwrap().len(), 2);
    });
}

#[test]
fn values_of_one_thread_need_not_be_sent() {
    static SUM: AtomicUsize = AtomicUsize::new(0);
    let cache: Cache<u8, Rc<usize>, Thread> = Cache::builder()
        .maxsize(2)
        .on_evict(|_, value: &Rc<usize>, _| _ = SUM.fetch_add(**value, Relaxed))
        .build_for_thread();
    cache.extend((1..=4).map(|n| (n, Rc::new(n.into()))));
    assert_eq!(SUM.load(Relaxed), 1 + 2);
}

/// The value is stored before the panic goes on, also where the panic comes first.
#[test]
fn what_a_call_stores_is_stored_although_the_listener_panics() {
    let clock = TestClock::stop();
    let cache = Cache::builder()
        .maxsize(2)
        .ttl(Duration::from_secs(10))
        .on_evict(|_: &u8, _: &u8, _| resume_unwind(Box::new("told")))
        .build();
    let panics = |act: &dyn Fn()| catch_unwind(AssertUnwindSafe(act)).is_err();
    cache.insert(1, 1);
    assert!(panics(&|| {
        cache.get_or_compute(2, || {
            clock.advance(Duration::from_secs(10));
            2
        });
    }));
    assert_eq!((cache.peek(&1), cache.peek(&2)), (None, Some(2)));
    clock.advance(Duration::from_secs(10));
    assert!(panics(&|| cache.insert(3, 3)));
    assert_eq!((cache.peek(&2), cache.peek(&3)), (None, Some(3)));
    assert!(panics(&|| cache.insert(3, 4)));
    cache.insert(5, 5);
    assert!(panics(&|| cache.insert(6, 6)));
    assert_eq!((cache.peek(&3), cache.peek(&5), cache.peek(&6)), (None, Some(5), Some(6)));
    assert!(panics(&|| cache.clear()));
    assert!(cache.is_empty());
}

/// Nobody owns more of an entry than before, whoever panics.
#[test]
fn a_removal_whose_listener_panics_leaks_nothing() {
    let alive = Arc::new(());
    let cache =
        Cache::builder().on_evict(|_: &u8, _: &Arc<()>, _| resume_unwind(Box::new("told"))).build();
    let removals: [&dyn Fn(); 5] = [
        &|| _ = cache.remove(&1),
        &|| cache.retain(|_, _| false),
        &|| cache.remove_if(|_| true),
        &|| cache.set_maxsize(0),
        &|| cache.clear(),
    ];
    for remove in removals {
        cache.set_maxsize(9);
        cache.insert(1, Arc::clone(&alive));
        assert!(catch_unwind(AssertUnwindSafe(remove)).is_err());
        assert_eq!((Arc::strong_count(&alive), cache.len()), (1, 0));
    }
}
