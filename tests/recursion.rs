//! Deep recursion: a memoized call adds little to the stack.

mod common;

use common::counts;
use memofn::memoize;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::mpsc::channel;
use std::thread;

#[test]
fn ten_thousand_recursions_fit_on_a_stack_of_8_mib() {
    #[memoize(maxsize = unbounded)]
    fn fib(n: u32) -> u64 {
        if n < 2 { u64::from(n) } else { fib(n - 1).wrapping_add(fib(n - 2)) }
    }

    let (sender, receiver) = channel();
    let deep = thread::Builder::new().stack_size(8 << 20);
    let deep = deep.spawn(move || sender.send(fib(10_000))).expect("a thread can be started");
    let value = receiver.recv().expect("no panic");
    deep.join().expect("no panic").expect("received");
    let (expected, _) = (0..10_000).fold((0_u64, 1_u64), |(a, b), _| (b, a.wrapping_add(b)));
    assert_eq!(value, expected);
    assert_eq!(counts(fib::cache_info()), (9_998, 10_001, None, 10_001));
}

#[test]
fn a_memoized_frame_adds_little_to_the_stack() {
    const DEPTH: usize = 100;
    static TOP: AtomicUsize = AtomicUsize::new(0);
    static BOTTOM: AtomicUsize = AtomicUsize::new(0);

    fn note(n: usize, local: &u8) {
        match n {
            DEPTH => TOP.store(std::ptr::from_ref(local).addr(), Relaxed),
            0 => BOTTOM.store(std::ptr::from_ref(local).addr(), Relaxed),
            _ => {}
        }
    }
    fn plain(n: usize) -> usize {
        let local = 0;
        note(n, &local);
        if n == 0 { 0 } else { 1 + plain(n - 1) }
    }
    #[memoize(maxsize = unbounded)]
    fn memoized(n: usize) -> usize {
        let local = 0;
        note(n, &local);
        if n == 0 { 0 } else { 1 + memoized(n - 1) }
    }

    let frame = |f: fn(usize) -> usize| {
        assert_eq!(f(DEPTH), DEPTH);
        TOP.load(Relaxed).abs_diff(BOTTOM.load(Relaxed)) / DEPTH
    };
    let (plain, memoized) = (frame(plain), frame(memoized));
    let added = memoized.saturating_sub(plain);
    assert!(added <= 240, "{added} bytes a call: {memoized} memoized, {plain} plain");
}
