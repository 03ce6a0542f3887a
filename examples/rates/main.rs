//! Exchange rates that renew themselves, in front of an upstream that is slow and sometimes down.
//!
//! ```text
//! cargo run --release --example rates
//! ```
//!
//! [`rate()`] asks an upstream over HTTP. The example starts that upstream on loopback, and moves the time with
//! `memofn::testing::Clock`: an afternoon takes about a second. It prints a timeline of all calls.
//! Each line says who waited, what they got, how old that was, and how many calls the upstream has had.
//! The example fails if the timeline is not the one in `timeline.txt`.

mod upstream;

use memofn::testing::Clock;
use memofn::{CallStatus, memoize};
use std::fmt::{self, Write as _};
use std::io::{self, Read, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::sync::{Barrier, OnceLock};
use std::thread;
use std::time::{Duration, Instant};
use upstream::Upstream;

/// The address of the upstream.
static UPSTREAM: OnceLock<SocketAddr> = OnceLock::new();

/// The price of one euro in another currency.
#[memoize(
    // A rate answers for ten minutes.
    ttl = "10m",
    // Some answer for a minute less. Rates that were stored together are not renewed together.
    jitter = "1m",
    // The first call after five minutes starts a renewal in the background. Nobody waits for it.
    refresh_after = "5m",
    // A rate that is older than ten minutes still answers while the upstream is down, for an hour more.
    stale_if_error = "1h",
    // An upstream that has failed is left alone for half a minute.
    retry_after = "30s",
    // A failure is an answer too if there is no rate at all: for five seconds.
    err_ttl = "5s",
)]
fn rate(currency: &str) -> Result<f64, RateError> {
    let address = UPSTREAM.get().expect("the upstream runs");
    let mut connection = TcpStream::connect(address)?;
    write!(connection, "GET /{currency} HTTP/1.0\r\n\r\n")?;
    let mut answer = String::new();
    connection.read_to_string(&mut answer)?;
    let rate = answer.strip_prefix("HTTP/1.0 200 OK\r\n\r\n");
    rate.and_then(|rate| rate.parse().ok()).ok_or(RateError::NoRate)
}

/// The reason why there is no rate. It is `Clone`, because it is stored.
#[derive(Debug, Clone, Copy)]
enum RateError {
    NoRate,
    Connection(io::ErrorKind),
}

impl fmt::Display for RateError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoRate => f.write_str("no rate"),
            Self::Connection(kind) => write!(f, "no connection: {kind}"),
        }
    }
}

impl From<io::Error> for RateError {
    fn from(error: io::Error) -> Self {
        Self::Connection(error.kind())
    }
}

fn main() -> io::Result<()> {
    let upstream = Upstream::start()?;
    UPSTREAM.get_or_init(|| upstream.address());
    let mut day = Timeline::start(upstream);

    day.heading(
        "The first calls wait for the upstream. Three callers at once cost one call of it.",
    );
    day.ask_at_once(["Ada", "Ben", "Cleo"], "USD");
    // With this clock, jitter is what the test says: CHF lives for nine minutes, and is due a tenth earlier.
    day.clock.jitter(1.0);
    day.ask("Ada", "CHF");
    day.clock.jitter(0.0);

    day.heading(
        "After about half of its life a rate is renewed in the background, and nobody waits.",
    );
    day.until("12:04:30");
    day.ask("Ada", "USD");
    day.ask("Ben", "CHF");
    day.until("12:05:00");
    day.ask("Ben", "USD");
    day.ask("Cleo", "USD");

    day.heading("The upstream goes down. Renewals fail, and the rates answer as before.");
    day.upstream.set_down(true);
    day.until("12:10:00");
    day.ask("Ada", "USD");
    day.until("12:10:29");
    day.ask("Ben", "USD");
    day.until("12:10:30");
    day.ask("Cleo", "USD");

    day.heading(
        "After ten minutes a caller waits for the upstream. If that fails, the old rate answers.",
    );
    day.until("12:15:00");
    day.ask("Ada", "USD");
    day.ask("Ben", "USD");
    day.until("12:15:30");
    day.ask("Cleo", "USD");

    day.heading("Where there is no rate, the error answers, for five seconds.");
    day.ask("Ada", "JPY");
    day.until("12:15:34");
    day.ask("Ben", "JPY");
    day.until("12:15:35");
    day.ask("Cleo", "JPY");

    day.heading("The upstream comes back.");
    day.upstream.set_down(false);
    day.until("12:16:00");
    day.ask("Ada", "USD");
    day.ask("Ben", "USD");
    day.ask("Cleo", "JPY");

    day.heading(
        "It goes down for the rest of the day. A rate is never older than an hour and ten minutes.",
    );
    day.upstream.set_down(true);
    day.until("13:25:59");
    day.ask("Ada", "USD");
    day.until("13:26:00");
    day.ask("Ben", "USD");

    day.finish();
    Ok(())
}

/// An afternoon that begins at noon, and what happened so far.
struct Timeline {
    clock: Clock,
    seconds: u64,
    upstream: Upstream,
    text: String,
}

impl Timeline {
    fn start(upstream: Upstream) -> Self {
        let mut day =
            Self { clock: Clock::stop(), seconds: 12 * 3600, upstream, text: String::new() };
        day.line(format_args!(
            "{:<10}{:<16}{:<17}{:>9}   {:<42}{:>14}",
            "time", "caller", "answer", "age", "", "upstream calls"
        ));
        day
    }

    /// Moves the clock to a time of the day.
    fn until(&mut self, time: &str) {
        let units = time.split(':').map(|unit| unit.parse::<u64>().expect("a time of the day"));
        let seconds = units.fold(0, |seconds, unit| 60 * seconds + unit);
        self.clock.advance(Duration::from_secs(seconds - self.seconds));
        self.seconds = seconds;
    }

    fn ask(&mut self, caller: &str, currency: &str) {
        let (before, old) = (rate::cache_info(), stored(currency));
        let call = rate::cache_call(currency);
        // A call is a miss if it has asked the upstream itself, also if the old rate answers in the end.
        let has_asked = rate::cache_info().misses > before.misses;
        let how = match (call.status, call.value, has_asked) {
            (CallStatus::Miss, Ok(_), _) => "waited for the upstream",
            (CallStatus::Miss, Err(_), _) => "waited, the upstream failed",
            (CallStatus::Hit, Ok(_), _) => "at once",
            (CallStatus::Hit, Err(_), _) => "at once: the error of a moment ago",
            (CallStatus::Refreshing, ..) => "at once; a renewal begins",
            (CallStatus::Stale, _, true) => "waited, the upstream failed: the old rate",
            (CallStatus::Stale, _, false) => "at once: the old rate, after a failure",
            (status, ..) => unreachable!("nobody else calls meanwhile: {status}"),
        };
        // The renewal goes on in the background. Here it ends before the next line.
        let renewed = (call.status == CallStatus::Refreshing).then(|| {
            eventually(|| {
                stored(currency) != old
                    || rate::cache_info().refresh_failures > before.refresh_failures
            });
            if stored(currency) == old { "the renewal has failed" } else { "the renewal is stored" }
        });
        self.row(caller, currency, call.value, call.age, how);
        if let Some(how) = renewed {
            let value = stored(currency).ok_or(RateError::NoRate);
            self.row("(background)", currency, value, None, how);
        }
    }

    /// Several callers ask at the same moment.
    fn ask_at_once<const N: usize>(&mut self, callers: [&str; N], currency: &str) {
        let start = Barrier::new(N);
        let answers = thread::scope(|scope| {
            let call = || {
                start.wait();
                rate(currency).expect("the upstream is up")
            };
            let calls = callers.map(|_| scope.spawn(call));
            calls.map(|call| call.join().expect("no call panics"))
        });
        for (caller, answer) in callers.into_iter().zip(answers) {
            self.row(caller, currency, Ok(answer), Some(Duration::ZERO), "waited for the upstream");
        }
    }

    fn row(
        &mut self,
        caller: &str,
        currency: &str,
        value: Result<f64, RateError>,
        age: Option<Duration>,
        how: &str,
    ) {
        let time = time_of(self.seconds);
        let answer = match value {
            Ok(rate) => format!("{currency} {rate:.2}"),
            Err(error) => format!("{currency} {error}"),
        };
        let age = age.map_or_else(String::new, |age| time_of(age.as_secs()));
        let calls = self.upstream.calls();
        self.line(format_args!(
            "{time:<10}{caller:<16}{answer:<17}{age:>9}   {how:<42}{calls:>14}"
        ));
    }

    fn heading(&mut self, text: &str) {
        self.line(format_args!("\n{text}"));
    }

    /// Prints a line, and keeps it to be checked.
    fn line(&mut self, line: fmt::Arguments<'_>) {
        println!("{line}");
        writeln!(self.text, "{line}").expect("a string has room");
    }

    fn finish(mut self) {
        let info = rate::cache_info();
        self.heading("All in all:");
        self.line(format_args!(
            "{} calls: {} were answered without a run, {} ran the function. Old rates answered {} of them.",
            info.hits + info.misses, info.hits, info.misses, info.stale
        ));
        self.line(format_args!(
            "{} renewals in the background, of which {} failed.",
            info.refreshes, info.refresh_failures
        ));
        assert_eq!(u64::from(self.upstream.calls()), info.misses + info.refreshes);
        assert_eq!(self.text, include_str!("timeline.txt"));
    }
}

/// The rate in the cache. Looking at it starts no renewal.
fn stored(currency: &str) -> Option<f64> {
    rate::cache_peek(currency)?.ok()
}

/// Waits for something that happens in the background.
fn eventually(happens: impl Fn() -> bool) {
    let start = Instant::now();
    while !happens() {
        assert!(start.elapsed() < Duration::from_secs(60), "nothing happens");
        thread::sleep(Duration::from_millis(1));
    }
}

/// Hours, minutes and seconds.
fn time_of(seconds: u64) -> String {
    format!("{:02}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60)
}
