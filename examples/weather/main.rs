//! A weather service and its cache, from the first request to the report.
//!
//! ```text
//! cargo run --release --example weather
//! ```
//!
//! [`temperature()`] asks an upstream over HTTP. The example starts that upstream on loopback. It
//! takes 150 ms for an answer and counts its requests. The example shows that:
//!
//! 1. a second call with the same city returns at once;
//! 2. 64 threads that ask for 20 cities at the same moment cost 20 requests (*single flight*);
//! 3. errors are returned but not stored;
//! 4. a call after the time to live asks the upstream again, and a test needs no waiting for it;
//! 5. `memofn::report()` prints a table of the program's caches.
//!
//! The example asserts each of these claims and fails if one does not hold.

mod cities;
mod upstream;

use cities::CITIES;
use memofn::memoize;
use memofn::testing::Clock;
use std::error::Error;
use std::fmt;
use std::net::SocketAddr;
use std::sync::{Arc, Barrier, LazyLock, OnceLock};
use std::thread;
use std::time::{Duration, Instant};
use upstream::{DELAY, Upstream};

const THREADS: usize = 64;

/// The address of the upstream.
static UPSTREAM: OnceLock<SocketAddr> = OnceLock::new();

/// One HTTP client for the program.
static CLIENT: LazyLock<ureq::Agent> = LazyLock::new(|| {
    ureq::Agent::config_builder()
        .timeout_global(Some(Duration::from_secs(10)))
        .proxy(None) // loopback needs none, even if the environment names one
        .build()
        .new_agent()
});

/// The reason why there is no temperature.
///
/// It is `Clone`, so all callers that wait for the same request get the same error.
#[derive(Debug, Clone)]
enum WeatherError {
    UnknownCity(String),
    Upstream(Arc<ureq::Error>),
    NotANumber(String),
}

impl fmt::Display for WeatherError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UnknownCity(city) => write!(f, "no city is called {city}"),
            Self::Upstream(_) => f.write_str("the weather service could not be asked"),
            Self::NotANumber(answer) => write!(f, "{answer:?} is not a temperature"),
        }
    }
}

impl Error for WeatherError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Upstream(error) => Some(&**error),
            Self::UnknownCity(_) | Self::NotANumber(_) => None,
        }
    }
}

impl From<ureq::Error> for WeatherError {
    fn from(error: ureq::Error) -> Self {
        Self::Upstream(Arc::new(error))
    }
}

/// The temperature in a city, in °C. It costs at most one request every 30 minutes.
#[memoize(maxsize = 128, ttl = "30m")]
fn temperature(city: &str) -> Result<f64, WeatherError> {
    let address = UPSTREAM.get().expect("the upstream runs");
    let url = format!("http://{address}/temperature");
    // The upstream's small HTTP server may let a new connection wait for an open one, so close it.
    let request = CLIENT.get(url).query("city", city).header("connection", "close");
    let mut response = match request.call() {
        Err(ureq::Error::StatusCode(404)) => {
            return Err(WeatherError::UnknownCity(city.to_owned()));
        }
        other => other?,
    };
    let answer = response.body_mut().read_to_string()?;
    answer.parse().map_err(|_| WeatherError::NotANumber(answer))
}

fn main() -> Result<(), Box<dyn Error + Send + Sync>> {
    let upstream = Upstream::start()?;
    UPSTREAM.get_or_init(|| upstream.address());
    println!("The upstream takes {DELAY:?} for an answer. The cache in front of it:");
    println!("{}", temperature::cache_parameters());

    one_caller(&upstream)?;
    many_callers(&upstream)?;
    errors(&upstream);
    time_to_live(&upstream)?;

    heading("5. memofn::report()");
    println!("{}", memofn::report());
    Ok(())
}

fn one_caller(upstream: &Upstream) -> Result<(), WeatherError> {
    heading("1. One caller");
    for (nth, expected) in [("first", 1), ("second", 0)] {
        let cost = measure(upstream, || temperature("Oslo"));
        row(&format!("{nth} call"), &format!("Oslo, {:.1} °C", cost.result.clone()?), &cost);
        assert_eq!(cost.requests, expected, "the {nth} call");
    }
    Ok(())
}

fn many_callers(upstream: &Upstream) -> Result<(), WeatherError> {
    heading("2. 64 threads, each asking for all 20 cities");
    let calls = THREADS * CITIES.len();

    // `uncached` is the original function: the same threads and calls, but each call is a request.
    let without = measure(upstream, || crowd(temperature::uncached));
    row("without the cache", &format!("{calls} calls"), &without);
    without.result?;

    temperature::cache_clear(); // section 1 stored Oslo
    let with = measure(upstream, || crowd(temperature));
    row("with the cache", &format!("{calls} calls"), &with);
    with.result?;

    let info = temperature::cache_info();
    println!("{info}");
    println!("{} of the hits waited for another thread's request.", info.coalesced);
    assert_eq!(without.requests, calls);
    assert_eq!(with.requests, CITIES.len(), "one request for each city, and no more");
    assert_eq!(info.misses, CITIES.len() as u64);
    assert_eq!(info.hits + info.misses, calls as u64);
    Ok(())
}

fn errors(upstream: &Upstream) {
    heading("3. Errors are not stored");
    for nth in ["first", "second"] {
        let cost = measure(upstream, || temperature("Atlantis"));
        let error = cost.result.as_ref().expect_err("Atlantis has no temperature");
        row(&format!("{nth} call"), &error.to_string(), &cost);
        assert!(matches!(error, WeatherError::UnknownCity(city) if city == "Atlantis"));
        assert_eq!(cost.requests, 1, "the {nth} call");
    }
}

fn time_to_live(upstream: &Upstream) -> Result<(), WeatherError> {
    heading("4. memofn::testing::Clock moves the time");
    let clock = Clock::stop();
    let mut now = 0;
    for (minute, expected) in [(29, 0), (30, 1), (59, 0)] {
        clock.advance(Duration::from_secs(60 * (minute - now)));
        now = minute;
        let cost = measure(upstream, || temperature("Oslo"));
        let answer = format!("Oslo, {:.1} °C", cost.result.clone()?);
        row(&format!("{minute} minutes later"), &answer, &cost);
        assert_eq!(cost.requests, expected, "after {minute} minutes");
    }
    Ok(())
}

/// All threads ask for all cities at the same time. Each thread starts with a different city.
fn crowd(ask: fn(&str) -> Result<f64, WeatherError>) -> Result<(), WeatherError> {
    let start = Barrier::new(THREADS);
    let ask_for_all = |first: usize| {
        start.wait();
        for (city, celsius) in CITIES.iter().cycle().skip(first).take(CITIES.len()) {
            let answer = ask(city)?;
            assert!((answer - celsius).abs() < 0.01, "{city}: {answer} °C");
        }
        Ok(())
    };
    thread::scope(|scope| {
        let ask_for_all = &ask_for_all;
        let threads: Vec<_> =
            (0..THREADS).map(|first| scope.spawn(move || ask_for_all(first))).collect();
        threads.into_iter().try_for_each(|thread| thread.join().expect("no thread panics"))
    })
}

/// The result of a call, and its cost.
struct Cost<T> {
    result: T,
    requests: usize,
    time: Duration,
}

fn measure<T>(upstream: &Upstream, what: impl FnOnce() -> T) -> Cost<T> {
    let (requests, start) = (upstream.requests(), Instant::now());
    let result = what();
    Cost { time: start.elapsed(), requests: upstream.requests() - requests, result }
}

fn row<T>(what: &str, answer: &str, Cost { requests, time, .. }: &Cost<T>) {
    let s = if *requests == 1 { " " } else { "s" };
    println!("{what:<20}{answer:<28}{requests:>4} upstream request{s} {time:>10.1?}");
}

fn heading(title: &str) {
    println!("\n{title}");
    println!("{}", "-".repeat(title.chars().count()));
}
