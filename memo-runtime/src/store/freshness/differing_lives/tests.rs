use super::*;
use crate::entry::entry::EntryPtr;
use crate::scope::scope::Thread;
use crate::store::freshness::Life;
use std::time::Duration;

fn at(nanos: u64) -> Time {
    Time::from_nanos(nanos)
}

/// The moments of an entry that only expires.
fn plain(deadline: u64) -> Moments {
    Moments { deadline: at(deadline), ends: at(deadline), ..Moments::NEVER }
}

/// A queue and its entries, beside a plain list of them.
#[derive(Default)]
struct Compared {
    queue: DifferingLives,
    model: Vec<(EntryPtr<Thread>, Time)>,
    steps: usize,
}

impl Compared {
    fn push(&mut self, now: Time, life: Duration) {
        let owner = EntryPtr::without_key(0);
        let life = Life { length: life, ..Life::ENDLESS };
        self.queue.push(owner.entry_ref(), now, Moments::of(life, now), false);
        self.model.push((owner, now.after(life.length)));
    }

    fn remove(&mut self, number: usize) {
        let (owner, _) = self.model.swap_remove(number);
        self.queue.remove(owner.entry_ref());
        self.queue.shrink();
    }

    /// Takes `most` steps. What they take out has expired.
    fn expire(&mut self, now: Time, most: usize) {
        for _ in 0..most {
            let Some(step) = self.queue.step(now) else { break };
            self.steps += 1;
            if let Step::Expired(entry) = step {
                let number = self.model.iter().position(|(owner, _)| owner.entry_ref() == entry);
                let (_, deadline) = self.model.swap_remove(number.expect("it was not taken out"));
                assert!(deadline.has_passed(now), "{deadline:?} has not come at {now:?}");
            }
        }
        self.queue.shrink();
    }

    fn check(&self, now: Time) {
        let expired = self.model.iter().filter(|(_, deadline)| deadline.has_passed(now)).count();
        assert_eq!(self.queue.count(now, |it| it == Stage::Over), expired);
        let earliest = self.model.iter().map(|(_, deadline)| *deadline).min();
        assert!(self.queue.next() <= earliest.unwrap_or(Time::FOREVER), "none is due before");
        for (owner, deadline) in &self.model {
            let is_over = self.queue.stage(owner.entry_ref(), now) == Stage::Over;
            assert_eq!(is_over, deadline.has_passed(now));
        }
        assert!(self.queue.nodes.capacity() <= 8 * self.model.len() + 4 * HEADS);
        #[cfg(debug_assertions)]
        self.queue.check(self.model.len(), |_| true);
    }
}

struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        self.0 >> 11
    }

    /// A number of any magnitude.
    fn any(&mut self) -> u64 {
        let bits = self.next() % 65;
        let number = self.next() << 11 | self.next() & 0x7ff;
        if bits == 0 { 0 } else { number >> (64 - bits) }
    }

    fn life(&mut self) -> Duration {
        match self.next() % 16 {
            0 => Duration::ZERO,
            1 => Duration::from_nanos(1),
            2 => Duration::MAX,
            3..9 => Duration::from_nanos(self.next() % 10_000),
            _ => Duration::from_nanos(self.any()),
        }
    }
}

#[test]
fn entries_expire_at_their_deadlines_whatever_their_lives() {
    let mut random = Random(7);
    let mut all = Compared::default();
    let (mut now, mut pushed) = (at(1 << 40), 0);
    for step in 0..if cfg!(miri) { 300 } else { 100_000 } {
        let grows = (step / 500) % 2 == 0;
        match random.next() % 8 {
            0..5 if grows => {
                all.push(now, random.life());
                pushed += 1;
            }
            0..2 if !all.model.is_empty() => {
                all.remove(usize::try_from(random.next()).unwrap() % all.model.len());
            }
            5 => now = now.after(Duration::from_nanos(random.next() % 3_000)),
            // Over the moments of many lists at once.
            6 if random.next() % 64 == 0 => {
                now = now.after(Duration::from_nanos(random.any() >> 16));
            }
            _ => {
                // Few steps leave a list half sorted.
                let few = random.next() % 2 == 0;
                all.expire(now, if few { 3 } else { usize::MAX });
                if !few {
                    assert_eq!(all.queue.count(now, |it| it == Stage::Over), 0);
                    assert!(!all.queue.next().has_passed(now), "it wakes nobody for nothing twice");
                }
            }
        }
        if step % 16 == 0 {
            all.check(now);
        }
    }
    assert!(pushed > 30 && all.steps <= 65 * pushed, "{pushed} entries, {} steps", all.steps);
    // The end of time.
    all.expire(Time::FOREVER, usize::MAX);
    assert!(all.model.iter().all(|(_, deadline)| *deadline == Time::FOREVER));
    all.check(Time::FOREVER);
    while !all.model.is_empty() {
        all.remove(0);
    }
    assert_eq!((all.queue.nodes.len(), all.queue.next()), (HEADS, Time::FOREVER));
}

#[test]
fn a_shorter_life_that_begins_later_ends_earlier() {
    let mut all = Compared::default();
    all.push(at(1000), Duration::from_nanos(5000));
    all.expire(at(2000), usize::MAX);
    all.push(at(2000), Duration::from_nanos(1));
    all.push(at(2000), Duration::from_nanos(2));
    all.check(at(2001));
    all.expire(at(2001), usize::MAX);
    assert_eq!(all.model.len(), 2);
    all.expire(at(2002), usize::MAX);
    assert_eq!(all.model.len(), 1);
}

#[test]
fn a_thread_that_read_the_clock_early_files_an_entry_that_has_expired() {
    let mut queue = DifferingLives::default();
    let [first, late] = [0, 1].map(|_| EntryPtr::<Thread>::without_key(0));
    queue.push(first.entry_ref(), at(100), plain(300), false);
    while queue.step(at(290)).is_some() {}
    queue.push(late.entry_ref(), at(90), plain(95), true);
    assert!(queue.is_error(late.entry_ref()) && !queue.is_error(first.entry_ref()));
    assert!(queue.next().has_passed(at(290)));
    assert_eq!(queue.step(at(90)), Some(Step::Expired(late.entry_ref())));
    assert_eq!(queue.step(at(299)), Some(Step::Sorted));
}

#[test]
fn no_step_is_taken_before_the_time_of_the_nearest_list() {
    let mut all = Compared::default();
    all.push(at(1 << 20), Duration::from_nanos(1 << 19));
    all.expire(at((1 << 20) + (1 << 18)), usize::MAX);
    assert_eq!(all.steps, 0);
}

#[test]
fn forever_never_passes() {
    let mut all = Compared::default();
    all.push(at(5), Duration::MAX);
    for now in [6, 1 << 63, u64::MAX - 1, u64::MAX, u64::MAX] {
        all.expire(at(now), usize::MAX);
        assert!(!all.queue.next().has_passed(at(now)));
    }
    assert_eq!(all.model.len(), 1);
}

#[test]
fn a_value_that_has_ended_may_be_computed_anew_also_by_an_earlier_reading_of_the_clock() {
    let owner: EntryPtr<Thread> = EntryPtr::without_key(0);
    let mut queue = DifferingLives::default();
    let moments = Moments { deadline: at(100), ends: at(1000), ..Moments::NEVER };
    queue.push(owner.entry_ref(), at(0), moments, false);
    while queue.step(at(300)).is_some() {}
    assert_eq!(queue.stage(owner.entry_ref(), at(200)), Stage::Kept { may_run: true });
    queue.remove(owner.entry_ref());
}
