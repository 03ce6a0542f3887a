//! How long each entry of a cache lives, as the options of the cache say.
//!
//! It must not know when lives begin, or how their ends are found: that is [freshness](crate::store::freshness).

use crate::base::clock::Clock;
use crate::base::of_value::OfValue;
use crate::config::parameters::RefreshAfter;
use crate::engine::settings::Settings;
use crate::entry::entry_type::EntryType;
use crate::entry::last_use::IdleLife;
use crate::key::hash::Hashing;
use crate::store::freshness::{self, Life};
use std::hash::Hasher;
use std::ptr::NonNull;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

/// How long after a refresh has failed the next one may begin, unless an option says otherwise.
const DEFAULT_RETRY: Duration = Duration::from_secs(30);

/// The options about the lives of entries.
#[derive(Debug)]
pub(crate) struct Lives {
    /// Each entry has a life of its own.
    pub(crate) differ: bool,
    ttl: Option<Duration>,
    by_value: Option<OfValue<Duration>>,
    /// How long entries live that are not used.
    tti: Option<Duration>,
    jitter: Option<Jitter>,
    /// Tells errors, and how long they live.
    errors: Option<(OfValue<bool>, Duration)>,
    refresh_after: Option<RefreshAfter>,
    /// How long a value is kept for calls that fail.
    kept: Duration,
    retry_after: Duration,
}

impl Lives {
    pub(crate) fn new(settings: &Settings) -> Self {
        let Settings { parameters, functions, .. } = settings;
        // An entry whose idle life ends at once has no life at all.
        let is_empty = parameters.tti == Some(Duration::ZERO);
        let has_ttl = parameters.ttl.is_some() || parameters.ttl_by_value;
        let jitter = parameters.jitter.filter(|jitter| has_ttl && !jitter.is_zero());
        let retry_after = parameters.ttl.map_or(DEFAULT_RETRY, |ttl| ttl.min(DEFAULT_RETRY));
        let lives = Self {
            differ: false,
            ttl: if is_empty { Some(Duration::ZERO) } else { parameters.ttl },
            by_value: functions.ttl.filter(|_| !is_empty),
            tti: parameters.idle_life(),
            jitter: jitter.map(|most| Jitter { most, drawn: AtomicU64::new(0) }),
            errors: functions.is_error.zip(parameters.err_ttl).filter(|_| !is_empty),
            refresh_after: parameters.refresh_after,
            kept: parameters.stale_if_error.unwrap_or_default(),
            retry_after: parameters.retry_after.unwrap_or(retry_after),
        };
        let differ = lives.by_value.is_some()
            || lives.tti.is_some()
            || lives.jitter.is_some()
            || lives.errors.is_some()
            || lives.refresh_after.is_some()
            || lives.keeps()
            // A value from below has lived already.
            || (settings.below.is_some() && has_ttl);
        Self { differ, ..lives }
    }

    /// How lives differ. The `idle` life is that of the engine's entries.
    pub(crate) fn kind(&self, idle: Option<IdleLife>) -> freshness::Lives {
        match self.ttl {
            _ if self.differ => freshness::Lives::Differing(idle),
            Some(ttl) => freshness::Lives::Equal(ttl),
            None => freshness::Lives::Endless,
        }
    }

    /// How long entries of this type live that are not used.
    ///
    /// # Safety
    ///
    /// That of [`IdleLife::new`].
    #[expect(unsafe_code, reason = "an engine has no types")]
    pub(crate) unsafe fn idle(&self, types: &EntryType) -> Option<IdleLife> {
        // SAFETY: by the condition above.
        self.tti.and_then(|tti| unsafe { IdleLife::new(types, tti) })
    }

    /// The shortest life that is known beforehand, if entries expire. The function of the program may give a shorter one.
    pub(crate) fn shortest(&self) -> Option<Duration> {
        let ttl = self.ttl.or(self.by_value.map(|_| Duration::MAX));
        let ttl = ttl.map(|ttl| {
            self.jitter.as_ref().map_or(ttl, |jitter| ttl.saturating_sub(jitter.most_of(ttl)))
        });
        let err_ttl = self.errors.map(|(_, ttl)| ttl);
        let age = self.refresh_after.map(|after| after.of(ttl.unwrap_or(Duration::MAX)));
        let kept = self.keeps().then_some(self.kept);
        ttl.into_iter()
            .chain(self.tti)
            .chain(err_ttl)
            .chain(age)
            .chain(kept)
            .chain(self.retry_after())
            .min()
    }

    /// How long after a run has failed that was to renew an entry the next one may begin, if there are such runs.
    pub(crate) fn retry_after(&self) -> Option<Duration> {
        (self.refresh_after.is_some() || self.keeps()).then_some(self.retry_after)
    }

    /// Whether calls renew values before they expire.
    pub(crate) fn refresh(&self) -> bool {
        self.refresh_after.is_some()
    }

    /// Whether values are kept for calls that fail.
    pub(crate) fn keeps(&self) -> bool {
        !self.kept.is_zero()
    }

    /// The life of an entry with this value. This calls the function of the program.
    ///
    /// # Safety
    ///
    /// There is a value at `value`, of the type of the cache.
    #[expect(unsafe_code, reason = "an engine has no types")]
    pub(crate) unsafe fn of(&self, value: NonNull<()>) -> Life {
        // SAFETY: by the condition above. The engine has checked that its functions are of its type.
        let error = self.errors.filter(|(is_error, _)| unsafe { is_error.call(value) });
        if let Some((_, length)) = error {
            return Life { length, fresh: Duration::MAX, kept: Duration::ZERO, is_error: true };
        }
        let whole = match self.by_value {
            // SAFETY: as above.
            Some(ttl) => unsafe { ttl.call(value) },
            None => self.ttl.unwrap_or(Duration::MAX),
        };
        let length = self.jitter.as_ref().map_or(whole, |jitter| jitter.shorten(whole));
        let fresh = self
            .refresh_after
            .map_or(Duration::MAX, |after| in_proportion(after.of(whole), length, whole));
        Life { length, fresh, kept: self.kept, is_error: false }
    }
}

/// The age that is to the shortened life as `age` is to the whole one.
fn in_proportion(age: Duration, shortened: Duration, whole: Duration) -> Duration {
    if shortened == whole || whole.is_zero() {
        return age;
    }
    let part = shortened.as_secs_f64() / whole.as_secs_f64();
    Duration::try_from_secs_f64(age.as_secs_f64() * part).unwrap_or(age)
}

/// Makes lives shorter, each by another time.
#[derive(Debug)]
struct Jitter {
    most: Duration,
    /// How often it has drawn a random number.
    drawn: AtomicU64,
}

impl Jitter {
    /// A life is shortened by less than this. At least half of a life is left if it is not longer than the jitter.
    fn most_of(&self, life: Duration) -> Duration {
        if self.most < life { self.most } else { life / 2 }
    }

    fn shorten(&self, life: Duration) -> Duration {
        self.shorten_by(Clock::tested_jitter().unwrap_or_else(|| self.draw()), life)
    }

    /// Takes off this part of the jitter, in units of 2<sup>-64</sup>.
    fn shorten_by(&self, part: u64, life: Duration) -> Duration {
        let most = u64::try_from(self.most_of(life).as_nanos()).unwrap_or(u64::MAX);
        let nanos = (u128::from(most) * u128::from(part)) >> u64::BITS;
        life.saturating_sub(u64::try_from(nanos).map_or(Duration::ZERO, Duration::from_nanos))
    }

    /// A random number: the hash of a counter. Caches that count alike draw other numbers.
    fn draw(&self) -> u64 {
        let number = self.drawn.fetch_add(1, Relaxed);
        let hash = Hashing::get().hash(|state| {
            state.write_u64(number);
            state.write_usize(std::ptr::from_ref(self).addr());
        });
        // A hash has one bit that is always set: here it counts least.
        hash.rotate_left(7)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::key::hash::SEEN;

    const MINUTE: Duration = Duration::from_secs(60);

    fn jitter(most: Duration) -> Jitter {
        Jitter { most, drawn: AtomicU64::new(0) }
    }

    #[test]
    fn the_bit_that_is_always_set_counts_least() {
        assert_eq!(SEEN.rotate_left(7), 1);
    }

    #[test]
    fn lives_are_uniform_between_ttl_less_jitter_and_ttl() {
        const N: u32 = if cfg!(miri) { 100 } else { 100_000 };
        let jitter = jitter(MINUTE);
        let (mut total, mut tenths) = (Duration::ZERO, [0_u32; 10]);
        for _ in 0..N {
            let life = jitter.shorten_by(jitter.draw(), 10 * MINUTE);
            assert!(life > 9 * MINUTE && life <= 10 * MINUTE);
            let tenth = life.saturating_sub(9 * MINUTE + Duration::from_nanos(1)).as_secs() / 6;
            tenths[usize::try_from(tenth).unwrap()] += 1;
            total += life;
        }
        if !cfg!(miri) {
            let mean = total / N;
            let is_close = mean.abs_diff(9 * MINUTE + MINUTE / 2) < MINUTE / 100;
            assert!(is_close, "{mean:?}");
            assert!(tenths.iter().all(|n| n.abs_diff(10_000) < 500), "{tenths:?}");
        }
    }

    #[test]
    fn a_life_that_is_not_longer_than_the_jitter_loses_less_than_half() {
        let nano = Duration::from_nanos(1);
        let least = |life| jitter(MINUTE).shorten_by(u64::MAX, life);
        assert_eq!(least(Duration::ZERO), Duration::ZERO);
        assert_eq!(least(nano), nano);
        assert_eq!(least(MINUTE), MINUTE / 2 + nano);
        assert_eq!(least(MINUTE + nano), 2 * nano);
        assert!(
            jitter(Duration::MAX).shorten_by(u64::MAX, Duration::MAX) > 100 * 365 * 1440 * MINUTE
        );
    }
}
