//! Calls for many keys: they share runs in any order of their keys, and each of them finishes.

use crate::Cache;
use crate::models::explorer::{explore, threads};
use futures::future::join;
use shuttle::future::block_on;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::atomic::{AtomicU64, Ordering::SeqCst};

/// Counts the runs of each key.
#[derive(Default)]
struct Runs([AtomicU64; 4]);

impl Runs {
    fn load(&self, keys: &[usize]) -> Vec<usize> {
        keys.iter().for_each(|key| _ = self.0[*key].fetch_add(1, SeqCst));
        shuttle::thread::yield_now();
        keys.iter().map(|key| key * 10).collect()
    }

    fn check_one_each(&self) {
        assert!(self.0.iter().all(|runs| runs.load(SeqCst) <= 1));
    }
}

fn tens<const N: usize>(keys: [usize; N]) -> Vec<usize> {
    keys.iter().map(|key| key * 10).collect()
}

fn check<const CALLS: u64>(cache: &Cache<usize, usize>) {
    let info = cache.info();
    assert_eq!((info.hits + info.misses, info.helped), (CALLS, 0));
    assert_eq!(cache.engine().engine().flights_under_way(), 0);
}

#[test]
fn keys_in_opposite_order_are_computed_once() {
    explore(|| {
        let (cache, runs) = (Cache::new(8), Runs::default());
        let call = |keys: [usize; 2]| {
            assert_eq!(cache.get_many_or_compute(keys, |missing| runs.load(missing)), tens(keys));
        };
        threads![|| call([1, 2]), || call([2, 1]), || {
            assert_eq!(cache.get_or_compute(1, || runs.load(&[1])[0]), 10);
        }];
        runs.check_one_each();
        check::<5>(&cache);
    });
}

#[test]
fn three_calls_that_overlap_in_a_circle_finish() {
    explore(|| {
        let (cache, runs) = (Cache::new(1), Runs::default());
        let call = |keys: [usize; 2]| {
            assert_eq!(cache.get_many_or_compute(keys, |missing| runs.load(missing)), tens(keys));
        };
        threads![|| call([1, 2]), || call([2, 3]), || call([3, 1])];
        check::<6>(&cache);
    });
}

#[test]
fn a_call_goes_on_where_another_has_panicked() {
    explore(|| {
        let (cache, runs) = (Cache::new(8), Runs::default());
        let panics = AtomicU64::new(0);
        let call = |keys: [usize; 2]| {
            let load = |missing: &[usize]| {
                if panics.fetch_add(1, SeqCst) == 0 {
                    resume_unwind(Box::new("expected"))
                }
                runs.load(missing)
            };
            catch_unwind(AssertUnwindSafe(|| cache.get_many_or_compute(keys, load)))
                .is_ok_and(|values| values == tens(keys))
        };
        let fine = AtomicU64::new(0);
        threads![|| _ = fine.fetch_add(call([1, 2]).into(), SeqCst), || {
            fine.fetch_add(call([2, 1]).into(), SeqCst);
        }];
        assert_eq!(fine.load(SeqCst), 1);
        runs.check_one_each();
        assert_eq!((cache.len(), cache.engine().engine().flights_under_way()), (2, 0));
    });
}

#[test]
fn async_and_blocking_calls_share_runs() {
    explore(|| {
        let (cache, runs) = (Cache::new(8), Runs::default());
        let call = |keys: [usize; 2]| {
            cache.get_many_or_compute_async(keys, async |missing: &[usize]| runs.load(missing))
        };
        threads![
            || assert_eq!(block_on(join(call([1, 2]), call([2, 3]))), (tens([1, 2]), tens([2, 3]))),
            || {
                let load = |missing: &[usize]| runs.load(missing);
                assert_eq!(cache.get_many_or_compute([3, 1], load), tens([3, 1]));
            },
        ];
        runs.check_one_each();
        check::<6>(&cache);
    });
}
