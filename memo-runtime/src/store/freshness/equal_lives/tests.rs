use super::*;
use crate::entry::entry::EntryPtr;
use crate::scope::scope::Thread;

fn at(nanos: u64) -> Time {
    Time::from_nanos(nanos)
}

/// A random sequence of steps, compared with a plain list.
#[test]
fn entries_expire_in_the_order_of_their_deadlines() {
    let mut queue = EqualLives { first: u32::MAX - 300, ..EqualLives::new(Duration::ZERO) };
    let mut owners: Vec<EntryPtr<Thread>> = Vec::new();
    let mut model: Vec<(u64, EntryRef)> = Vec::new();
    let mut random = 1_u64;
    for now in 1..if cfg!(miri) { 400 } else { 20_000_u64 } {
        random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(now);
        let grows = (now / 1500) % 2 == 0;
        if model.is_empty() || (random >> 60 < if grows { 12 } else { 4 }) {
            let entry = EntryPtr::without_key(0);
            queue.push(entry.entry_ref(), at(now));
            model.push((now, entry.entry_ref()));
            owners.push(entry);
        } else {
            let from = if random >> 59 & 1 == 0 { model.len() } else { 1 };
            let (_, entry) = model.remove((random >> 33) as usize % from);
            queue.remove(entry);
            queue.shrink();
        }
        let asked = random >> 20 & 0x3fff;
        let expired = model.iter().filter(|(deadline, _)| *deadline <= asked).count();
        assert_eq!(queue.expired(at(asked)).count(), expired);
        let next = model.first().map_or(Time::FOREVER, |(deadline, _)| at(*deadline));
        assert_eq!((queue.next(), queue.pop(at(0))), (next, None));
        #[cfg(debug_assertions)]
        if now % 64 == 0 {
            queue.check(model.len(), |_| true);
        }
    }
}

#[test]
fn an_entry_does_not_expire_before_an_entry_that_was_stored_earlier() {
    let mut queue = EqualLives::new(Duration::ZERO);
    let [one, other] = [0, 1].map(|_| EntryPtr::<Thread>::without_key(0));
    queue.push(one.entry_ref(), at(10));
    queue.push(other.entry_ref(), at(9));
    assert_eq!(queue.deadline(other.entry_ref()), at(10));
    assert_eq!((queue.expired(at(9)).count(), queue.expired(at(10)).count()), (0, 2));
}

#[test]
fn a_deadline_of_forever_never_passes() {
    let mut queue = EqualLives::new(Duration::ZERO);
    let entry = EntryPtr::<Thread>::without_key(0);
    queue.push(entry.entry_ref(), Time::FOREVER);
    assert_eq!(queue.expired(Time::FOREVER).count(), 0);
}
