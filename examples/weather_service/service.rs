//! The service: temperatures with and without the cache, and the counters of the caches.

use crate::caches::{self, history::History};
use crate::client::{WeatherError, temperature};
use crate::times;
use axum::Router;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use memofn::CacheStatus;
use std::error::Error;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;
use std::{io, iter};
use tokio::net::TcpListener;
use tokio::sync::watch;

/// A running service. It stops when the runtime stops.
pub(crate) struct Service {
    address: SocketAddr,
    visits: Arc<Visits>,
}

impl Service {
    /// Listens on a free port of loopback.
    pub(crate) async fn start() -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = listener.local_addr()?;
        let visits = Arc::new(Visits::default());
        let routes = Router::new()
            .route("/temperature/{city}", get(from_cache))
            .route("/uncached/{city}", get(from_upstream))
            .with_state(visits.clone())
            .merge(caches::routes(History::recorded(), hit_time));
        tokio::spawn(axum::serve(listener, routes).into_future());
        Ok(Self { address, visits })
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    pub(crate) fn visits(&self) -> &Visits {
        &self.visits
    }
}

async fn from_cache(
    State(visits): State<Arc<Visits>>,
    Path(city): Path<String>,
) -> Result<String, WeatherError> {
    let _visit = visits.enter();
    Ok(times::of_hit(temperature(&city)).await?.to_string())
}

async fn from_upstream(
    State(visits): State<Arc<Visits>>,
    Path(city): Path<String>,
) -> Result<String, WeatherError> {
    let _visit = visits.enter();
    Ok(temperature::uncached(&city).await?.to_string())
}

/// Only the calls of [`temperature()`] are measured.
fn hit_time(cache: &CacheStatus) -> Option<Duration> {
    let name = temperature::cache_parameters().name;
    if cache.name() == name { times::median_of_hits() } else { None }
}

impl IntoResponse for WeatherError {
    fn into_response(self) -> Response {
        let status = match self {
            Self::UnknownCity(_) => StatusCode::NOT_FOUND,
            Self::Upstream(_) | Self::NotANumber(_) => StatusCode::BAD_GATEWAY,
        };
        let error: &(dyn Error + 'static) = &self;
        let causes = iter::successors(Some(error), |&error| error.source());
        let explanation: Vec<String> = causes.map(ToString::to_string).collect();
        (status, explanation.join(": ")).into_response()
    }
}

/// Counts the requests that are in the handlers.
#[derive(Default)]
pub(crate) struct Visits(watch::Sender<Count>);

#[derive(Default)]
struct Count {
    now: usize,
    peak: usize,
}

/// A request in a handler. Its drop counts it out, also if the request is cancelled.
struct Visit<'a>(&'a Visits);

impl Visits {
    fn enter(&self) -> Visit<'_> {
        self.0.send_modify(|count| {
            count.now += 1;
            count.peak = count.peak.max(count.now);
        });
        Visit(self)
    }

    /// Returns when `number` requests are in the handlers at once.
    pub(crate) async fn reach(&self, number: usize) {
        // No error is possible: `self` is the sender.
        let _ = self.0.subscribe().wait_for(|count| count.now >= number).await;
    }

    /// The most requests at once since the last call of this function.
    pub(crate) fn take_peak(&self) -> usize {
        let mut peak = 0;
        self.0.send_modify(|count| {
            peak = count.peak;
            count.peak = count.now;
        });
        peak
    }
}

impl Drop for Visit<'_> {
    fn drop(&mut self) {
        self.0.0.send_modify(|count| count.now -= 1);
    }
}
