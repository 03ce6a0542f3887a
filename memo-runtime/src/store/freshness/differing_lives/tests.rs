use super::*;
use crate::entry::entry::EntryPtr;
use crate::scope::scope::{Shared, Thread};
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
    model: Vec<Plain>,
    tti: Option<Duration>,
    steps: usize,
    /// How many moments the entries have had.
    moments: usize,
}

/// An entry of the list.
struct Plain {
    owner: EntryPtr<Thread>,
    /// It is due for a refresh from then on.
    due_at: Time,
    deadline: Time,
    ends: Time,
    /// The end of its idle life.
    idle_end: Time,
    /// Once it answers no longer: a call may run the body from then on.
    run_at: Time,
    /// The phase that the queue has last reported, or was given.
    known: Phase,
}

impl Plain {
    fn stage(&self, now: Time) -> Stage {
        if self.ends.min(self.idle_end).has_passed(now) {
            Stage::Over
        } else if self.deadline.has_passed(now) {
            Stage::Kept { may_run: self.run_at.has_passed(now) }
        } else if self.due_at.has_passed(now) {
            Stage::Due
        } else {
            Stage::Fresh
        }
    }

    /// The next moment that the queue has to report.
    fn next(&self) -> Time {
        let next = match self.known {
            Phase::Fresh => self.deadline.min(self.due_at),
            Phase::Due => self.deadline,
            Phase::Kept => self.ends,
        };
        next.min(self.idle_end)
    }
}

impl Compared {
    /// The entries live so long that are not used.
    fn with_idle_life(tti: Duration) -> Self {
        let queue = DifferingLives::new(Some(IdleLife::of_tests(tti)));
        Self { queue, tti: Some(tti), ..Self::default() }
    }

    /// A hit without the lock.
    fn hit(&mut self, number: usize, now: Time) {
        let (plain, Some((tti, idle))) = (&mut self.model[number], self.tti.zip(self.queue.idle))
        else {
            return;
        };
        let answers = idle.extend::<Thread>(plain.owner.entry_ref(), now);
        assert_eq!(answers, !plain.idle_end.has_passed(now));
        if answers {
            plain.idle_end = now.after(tti);
            self.moments += 1;
        }
    }

    fn push(&mut self, now: Time, length: Duration) {
        self.push_life(now, Life { length, ..Life::ENDLESS });
    }

    fn push_life(&mut self, now: Time, life: Life) {
        let owner = match self.tti {
            None => EntryPtr::without_key(0),
            Some(_) => EntryPtr::with_last_use(0),
        };
        self.queue.push(owner.entry_ref(), now, Moments::of(&life, now), false);
        let deadline = now.after(life.length);
        let due_at = Some(now.after(life.fresh)).filter(|at| *at < deadline);
        self.model.push(Plain {
            owner,
            due_at: due_at.unwrap_or(Time::FOREVER),
            deadline,
            ends: deadline.after(life.kept),
            idle_end: self.tti.map_or(Time::FOREVER, |tti| now.after(tti)),
            run_at: Time::ORIGIN,
            known: Phase::Fresh,
        });
        self.moments += 3;
    }

    fn remove(&mut self, number: usize) {
        let Plain { owner, .. } = self.model.swap_remove(number);
        self.queue.remove(owner.entry_ref());
        self.queue.shrink();
    }

    /// A run begins, or has failed and is tried again later.
    fn set_run(&mut self, number: usize, at: Time, now: Time) {
        let plain = &mut self.model[number];
        if plain.stage(now) == Stage::Over {
            return;
        }
        let answers = self.queue.set_run(plain.owner.entry_ref(), at, now);
        assert_eq!(answers, plain.stage(now).answers());
        if answers {
            (plain.due_at, plain.known) = (at, Phase::Fresh);
        } else {
            (plain.run_at, plain.known) = (at, Phase::Kept);
        }
        self.moments += 1;
    }

    /// Ends the time in which an entry is fresh, or in which it answers.
    fn age(&mut self, number: usize, is_kept: bool, now: Time) {
        let plain = &mut self.model[number];
        if !plain.stage(now).answers() {
            return;
        }
        if is_kept {
            self.queue.end_answering(plain.owner.entry_ref(), now);
            (plain.deadline, plain.run_at, plain.known) = (now, now, Phase::Kept);
        } else {
            self.queue.make_due(plain.owner.entry_ref());
            (plain.due_at, plain.known) = (now, Phase::Due);
        }
        self.moments += 1;
    }

    /// Takes `most` steps. What they take out is over, and what they report has just become so.
    fn expire(&mut self, now: Time, most: usize) {
        for _ in 0..most {
            let Some(step) = self.queue.step(now) else { break };
            self.steps += 1;
            let (Step::Expired(entry) | Step::Hide(entry)) = step else { continue };
            let number = self.model.iter().position(|plain| plain.owner.entry_ref() == entry);
            let number = number.expect("it was not taken out");
            let plain = &mut self.model[number];
            let stage = plain.stage(now);
            if let Step::Expired(_) = step {
                assert_eq!(stage, Stage::Over);
                self.model.swap_remove(number);
                continue;
            }
            let phase = match stage {
                Stage::Due => Phase::Due,
                Stage::Kept { .. } => Phase::Kept,
                Stage::Fresh | Stage::Over => panic!("{stage:?} is no reason to hide it"),
            };
            assert_ne!(std::mem::replace(&mut plain.known, phase), phase, "it is told once");
        }
        self.queue.shrink();
    }

    fn check(&self, now: Time) {
        let over = self.model.iter().filter(|plain| plain.stage(now) == Stage::Over).count();
        assert_eq!(self.queue.count_over(now), over);
        let earliest = self.model.iter().map(Plain::next).min();
        assert!(self.queue.next() <= earliest.unwrap_or(Time::FOREVER), "none is due before");
        for plain in &self.model {
            assert_eq!(self.queue.stage(plain.owner.entry_ref(), now), plain.stage(now));
        }
        assert!(self.queue.nodes.capacity() <= 8 * self.model.len() + 4 * HEADS);
        #[cfg(debug_assertions)]
        self.queue.check(self.model.len(), |_| true);
    }

    /// All that has come was reported.
    fn check_all_known(&self, now: Time) {
        assert!(!self.queue.next().has_passed(now), "it wakes nobody for nothing twice");
        for plain in &self.model {
            let known = match plain.known {
                Phase::Fresh => plain.stage(now) == Stage::Fresh,
                Phase::Due => plain.stage(now) == Stage::Due,
                Phase::Kept => matches!(plain.stage(now), Stage::Kept { .. }),
            };
            assert!(known, "{:?} is known as {:?}", plain.stage(now), plain.known);
        }
    }
}

struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        self.0 >> 11
    }

    fn below(&mut self, bound: usize) -> usize {
        usize::try_from(self.next()).unwrap_or(usize::MAX) % bound
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
    moments_come_when_they_should(Compared::default(), |length, _| Life {
        length,
        ..Life::ENDLESS
    });
}

#[test]
fn entries_are_due_for_a_refresh_when_they_should_be() {
    moments_come_when_they_should(Compared::default(), |length, random| Life {
        length,
        fresh: random.life(),
        ..Life::ENDLESS
    });
}

#[test]
fn entries_are_kept_for_calls_that_fail_for_as_long_as_they_should_be() {
    moments_come_when_they_should(Compared::default(), any_life);
}

#[test]
fn entries_that_are_not_used_expire_when_they_were_idle_for_long_enough() {
    for tti in [1, 3000, 100_000, u64::MAX - 1] {
        let all = Compared::with_idle_life(Duration::from_nanos(tti));
        moments_come_when_they_should(all, any_life);
    }
}

fn any_life(length: Duration, random: &mut Random) -> Life {
    Life { length, fresh: random.life(), kept: random.life(), ..Life::ENDLESS }
}

fn moments_come_when_they_should(mut all: Compared, life: fn(Duration, &mut Random) -> Life) {
    let mut random = Random(7);
    let mut now = at(1 << 40);
    for step in 0..if cfg!(miri) { 300 } else { 40_000 } {
        let grows = (step / 500) % 2 == 0;
        let number = random.below(all.model.len().max(1));
        match random.next() % 14 {
            0..6 if grows => {
                let length = random.life();
                all.push_life(now, life(length, &mut random));
            }
            0..2 if !all.model.is_empty() => all.remove(number),
            6 if !all.model.is_empty() => {
                let begins = random.next() % 2 == 0;
                let at = if begins { Time::FOREVER } else { now.after(random.life()) };
                all.set_run(number, at, now);
            }
            7 if !all.model.is_empty() => {
                let is_kept = random.next() % 4 == 0;
                all.age(number, is_kept, now);
            }
            12 | 13 if !all.model.is_empty() => all.hit(number, now),
            8 => now = now.after(Duration::from_nanos(random.next() % 3_000)),
            // Over the moments of many lists at once.
            9 if random.next() % 64 == 0 => {
                now = now.after(Duration::from_nanos(random.any() >> 16));
            }
            _ => {
                // Few steps leave a list half sorted.
                let few = random.next() % 2 == 0;
                all.expire(now, if few { 3 } else { usize::MAX });
                if !few {
                    assert_eq!(all.queue.count_over(now), 0);
                    all.check_all_known(now);
                }
            }
        }
        if step % 16 == 0 {
            all.check(now);
        }
    }
    let (moments, steps) = (all.moments, all.steps);
    assert!(moments > 30 && steps <= 65 * moments, "{moments} moments, {steps} steps");
    let end_of_time = at(DifferingLives::END);
    all.expire(end_of_time, usize::MAX);
    assert!(all.model.iter().all(|plain| plain.ends.min(plain.idle_end) == Time::FOREVER));
    all.check(end_of_time);
    while !all.model.is_empty() {
        all.remove(0);
    }
    assert_eq!((all.queue.nodes.len(), all.queue.next()), (HEADS, Time::FOREVER));
}

#[test]
fn a_shorter_life_that_begins_later_ends_earlier() {
    let mut all = Compared::default();
    all.push(at(1000), Duration::from_nanos(5001));
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

#[test]
fn an_entry_that_is_hit_all_the_time_is_filed_again_about_twice_in_each_idle_life() {
    const HITS: u64 = if cfg!(miri) { 200 } else { 1_000_000 };
    const TICK: u64 = 4_000_000;
    for tti in [1_000_000_000, 1 << 30, 5_000_000_000, (1 << 33) - 1, 600_000_000_000] {
        let mut all = Compared::with_idle_life(Duration::from_nanos(tti));
        all.push(at(1 << 40), Duration::MAX);
        for hit in 0..HITS {
            let now = at((1 << 40) + hit / 10 * TICK);
            all.expire(now, usize::MAX);
            all.hit(0, now);
        }
        let lives = usize::try_from(HITS / 10 * TICK / tti).expect("it is small");
        assert!(all.steps <= 2 * lives + 64, "{} steps in {lives} idle lives", all.steps);
    }
}

#[test]
fn a_use_by_an_earlier_reading_of_the_clock_takes_nothing_back() {
    let idle = IdleLife::of_tests(Duration::from_nanos(100));
    let owner: EntryPtr<Thread> = EntryPtr::with_last_use(0);
    let mut queue = DifferingLives::new(Some(idle));
    queue.push(owner.entry_ref(), at(0), plain(1000), false);
    assert!(idle.extend::<Shared>(owner.entry_ref(), at(90)));
    assert!(idle.extend::<Shared>(owner.entry_ref(), at(50)));
    assert_eq!(idle.end(owner.entry_ref()), at(190));
    assert!(!idle.extend::<Shared>(owner.entry_ref(), at(190)), "it is over");
    assert_eq!(queue.stage(owner.entry_ref(), at(189)), Stage::Fresh);
    while queue.step(at(189)).is_some() {}
    assert_eq!(queue.step(at(190)), Some(Step::Expired(owner.entry_ref())));
}
