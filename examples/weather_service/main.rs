//! A weather service under load, and a page with the counters of its cache.
//!
//! ```text
//! cargo run --release --example weather_service
//! cargo run --release --example weather_service -- --serve
//! ```
//!
//! The handler of an axum service calls [`temperature()`], a memoized `async fn`. That function asks an
//! upstream over HTTP. The upstream runs on loopback, takes 50 ms for an answer and counts its
//! requests. Ten thousand visitors, each with its own connection, ask for 20 cities. The example shows:
//!
//! 1. ten thousand requests in the handler at the same moment cost one upstream call for each city;
//! 2. the time the visitors wait, with and without the cache;
//! 3. the counters of the caches, as `/caches.json` and as the page `/caches`. With `--serve` the
//!    service keeps running until you stop it.
//!
//! The example asserts its claims and fails if one does not hold.

mod caches;
#[path = "../weather/cities.rs"]
mod cities;
mod client;
mod connection;
mod descriptors;
mod load;
mod service;
mod times;
mod upstream;
mod visitors;

use axum::http::StatusCode;
use cities::CITIES;
use client::temperature;
use connection::Connection;
use descriptors::Plan;
use load::{Latency, Load, Task, VISIT};
use serde_json::{Value, json};
use service::Service;
use std::env;
use std::error::Error;
use std::time::Duration;
use tokio::time::{interval, timeout};
use upstream::{DELAY, Upstream};

type Failure = Box<dyn Error + Send + Sync>;

const REQUESTS: usize = 10_000;

/// Connections from the service to the upstream.
const UPSTREAM_CONNECTIONS: usize = 1_000;

/// The longest time the demonstration may take. It needs a few seconds.
const LIMIT: Duration = Duration::from_secs(120);

#[tokio::main]
async fn main() -> Result<(), Failure> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        [] => demonstration().await.map(drop),
        ["--serve"] => demonstration().await?.go_on().await,
        [VISIT, service, visitors] => visitors::visit(service.parse()?, visitors.parse()?).await,
        _ => Err("usage: weather_service [--serve]".into()),
    }
}

async fn demonstration() -> Result<Demonstration, Failure> {
    timeout(LIMIT, async {
        let mut demonstration = Demonstration::new().await?;
        demonstration.run().await?;
        Ok(demonstration)
    })
    .await?
}

struct Demonstration {
    upstream: Upstream,
    service: Service,
    load: Load,
    visitors: usize,
}

impl Demonstration {
    async fn new() -> Result<Self, Failure> {
        let plan = Plan::for_at_most(REQUESTS, UPSTREAM_CONNECTIONS);
        let upstream = Upstream::start().await?;
        client::connect_to(upstream.address(), plan.upstream);
        let service = Service::start().await?;
        println!("The service:   http://{}/temperature/Oslo", service.address());
        println!("Its caches:    http://{}/caches", service.address());
        println!("The upstream takes {DELAY:?} for an answer. The cache in front of it:");
        println!("{}", temperature::cache_parameters());
        let load = Load::start(service.address(), plan.visitors).await?;
        println!("{} visitors have connected ({plan}).", plan.visitors);
        Ok(Self { upstream, service, load, visitors: plan.visitors })
    }

    async fn run(&mut self) -> Result<(), Failure> {
        self.one_call_for_each_city().await?;
        self.latency().await?;
        self.report().await
    }

    async fn one_call_for_each_city(&mut self) -> Result<(), Failure> {
        heading(&format!("1. {REQUESTS} requests at the same moment"));
        println!("The upstream holds its answers back until all requests are in the handler.");
        self.upstream.hold();
        let task = Task { path: "/temperature", requests: REQUESTS, at_once: self.visitors };
        let everyone_in = async {
            self.service.visits().reach(self.visitors).await;
            self.upstream.release();
            Ok(())
        };
        tokio::try_join!(self.load.run(task), everyone_in)?;

        let (peak, calls) = (self.service.visits().take_peak(), self.upstream.take_calls());
        println!("{:<40}{peak:>6}", "in the handler at once");
        println!("{:<40}{:>6}", "upstream calls", calls.iter().sum::<usize>());
        for (cities, calls) in CITIES.chunks(5).zip(calls.chunks(5)) {
            let row = cities.iter().zip(calls).map(|((city, _), n)| format!("{city:<10}{n:>3}"));
            println!("   {}", row.collect::<Vec<_>>().join("   "));
        }
        let info = temperature::cache_info();
        println!("{info}, {} of the hits waited for another request", info.coalesced);
        assert_eq!(peak, self.visitors);
        assert_eq!(calls, [1; CITIES.len()], "one call for each city, and no more");
        assert_eq!(
            (info.hits, info.misses),
            ((REQUESTS - CITIES.len()) as u64, CITIES.len() as u64)
        );
        Ok(())
    }

    async fn latency(&mut self) -> Result<(), Failure> {
        heading(&format!("2. The time that {REQUESTS} requests wait"));
        println!("\"Most at once\" counts requests in the handler. A hit does not wait there.");
        println!("With all requests at once, the visitors wait for a processor.");
        println!(
            "{:<40}{:>14}{:>14}{:>10}{:>10}{:>10}",
            "", "upstream calls", "most at once", "p50", "p99", "max"
        );
        for at_once in [self.visitors, 100.min(self.visitors)] {
            for (what, path, clear, expected) in [
                ("without the cache", "/uncached", false, REQUESTS),
                ("with an empty cache", "/temperature", true, CITIES.len()),
                ("with a warm cache", "/temperature", false, 0),
            ] {
                if clear {
                    temperature::cache_clear();
                }
                let latency = self.load.run(Task { path, requests: REQUESTS, at_once }).await?;
                let calls: usize = self.upstream.take_calls().iter().sum();
                let peak = self.service.visits().take_peak();
                row(&format!("{at_once:>6} at once, {what}"), calls, peak, latency);
                assert_eq!(calls, expected, "{what}");
            }
        }
        Ok(())
    }

    async fn report(&self) -> Result<(), Failure> {
        heading("3. memofn::report(), and the same from /caches.json");
        println!("{}\n", memofn::report());
        let mut connection = Connection::open(self.service.address()).await?;
        let (status, body) = connection.get("/caches.json").await?;
        let answer: Value = serde_json::from_str(&body)?;
        println!("{answer:#}");
        let (info, told) = (temperature::cache_info(), &answer["caches"][0]);
        assert_eq!(status, StatusCode::OK);
        assert_eq!(told["name"], temperature::cache_parameters().name.as_ref());
        assert_eq!((&told["hits"], &told["misses"]), (&json!(info.hits), &json!(info.misses)));
        Ok(())
    }

    /// Keeps serving some visitors. In between, now more and now fewer temperatures are removed, so that the
    /// page has something to plot.
    async fn go_on(&mut self) -> Result<(), Failure> {
        println!("\nhttp://{}/caches is served until you stop this.", self.service.address());
        let at_once = 40.min(self.visitors);
        let mut tick = interval(Duration::from_millis(400));
        for round in 0_usize.. {
            tick.tick().await;
            // Two minutes make a wave.
            let removed = (round % 300).min(300 - round % 300) / 15;
            for (city, _) in CITIES.iter().take(removed) {
                temperature::cache_remove(city);
            }
            self.load.run(Task { path: "/temperature", requests: 40, at_once }).await?;
        }
        Ok(())
    }
}

fn row(what: &str, calls: usize, peak: usize, Latency { p50, p99, max }: Latency) {
    println!("{what:<40}{calls:>14}{peak:>14}{p50:>10.1?}{p99:>10.1?}{max:>10.1?}");
}

fn heading(title: &str) {
    println!("\n{title}");
    println!("{}", "-".repeat(title.chars().count()));
}
