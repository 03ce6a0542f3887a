//! The upstream is a weather service on loopback. It is slow, and it counts its requests.

use crate::cities::CITIES;
use axum::Router;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::routing::get;
use std::array;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::time::sleep;

/// The time the upstream takes for each request.
pub(crate) const DELAY: Duration = Duration::from_millis(50);

/// A running upstream. It stops when the runtime stops.
pub(crate) struct Upstream {
    address: SocketAddr,
    desk: Arc<Desk>,
}

/// The state that its requests share.
struct Desk {
    calls: [AtomicUsize; CITIES.len()],
    held: watch::Sender<bool>,
}

impl Upstream {
    /// Listens on a free port of loopback and answers `GET /temperature/Oslo`.
    pub(crate) async fn start() -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = listener.local_addr()?;
        let calls = array::from_fn(|_| AtomicUsize::new(0));
        let desk = Arc::new(Desk { calls, held: watch::Sender::new(false) });
        let routes =
            Router::new().route("/temperature/{city}", get(answer)).with_state(desk.clone());
        tokio::spawn(axum::serve(listener, routes).into_future());
        Ok(Self { address, desk })
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Accepts requests but does not answer them until [`release`](Self::release).
    pub(crate) fn hold(&self) {
        self.desk.held.send_replace(true);
    }

    pub(crate) fn release(&self) {
        self.desk.held.send_replace(false);
    }

    /// The requests for each of the [`CITIES`] since the last call of this function.
    pub(crate) fn take_calls(&self) -> [usize; CITIES.len()] {
        self.desk.calls.each_ref().map(|calls| calls.swap(0, Ordering::Relaxed))
    }
}

async fn answer(
    State(desk): State<Arc<Desk>>,
    Path(city): Path<String>,
) -> Result<String, StatusCode> {
    let known = CITIES.iter().position(|(name, _)| *name == city).ok_or(StatusCode::NOT_FOUND)?;
    desk.calls[known].fetch_add(1, Ordering::Relaxed);
    sleep(DELAY).await;
    let released = desk.held.subscribe().wait_for(|held| !held).await.is_ok();
    if released { Ok(CITIES[known].1.to_string()) } else { Err(StatusCode::SERVICE_UNAVAILABLE) }
}
