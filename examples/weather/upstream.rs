//! The upstream is a small weather service on loopback. It is slow, and it counts its requests.

use crate::cities::CITIES;
use std::error::Error;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;
use tiny_http::{Request, Response, Server};

/// The time the upstream takes for each request.
pub(crate) const DELAY: Duration = Duration::from_millis(150);

/// The number of requests it answers at a time. It is large enough that no caller waits in a queue.
const WORKERS: usize = 64;

/// A running service. Its drop stops it.
pub(crate) struct Upstream {
    server: Arc<Server>,
    address: SocketAddr,
    requests: Arc<AtomicUsize>,
    workers: Vec<JoinHandle<()>>,
}

impl Upstream {
    /// Listens on a free port of loopback and answers `GET /temperature?city=Oslo`.
    pub(crate) fn start() -> Result<Self, Box<dyn Error + Send + Sync>> {
        let server = Arc::new(Server::http("127.0.0.1:0")?);
        let address = server.server_addr().to_ip().ok_or("no IP address")?;
        let requests = Arc::new(AtomicUsize::new(0));
        let workers = (0..WORKERS)
            .map(|_| {
                let (server, requests) = (server.clone(), requests.clone());
                thread::spawn(move || {
                    for request in server.incoming_requests() {
                        requests.fetch_add(1, Ordering::Relaxed);
                        answer(request);
                    }
                })
            })
            .collect();
        Ok(Self { server, address, requests, workers })
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// The number of requests so far.
    pub(crate) fn requests(&self) -> usize {
        self.requests.load(Ordering::Relaxed)
    }
}

impl Drop for Upstream {
    fn drop(&mut self) {
        for _ in &self.workers {
            self.server.unblock();
        }
        for worker in self.workers.drain(..) {
            // A worker that panicked has printed its message already.
            let _ = worker.join();
        }
    }
}

fn answer(request: Request) {
    thread::sleep(DELAY);
    let asked = request.url().strip_prefix("/temperature?city=");
    let found = CITIES.iter().find(|(city, _)| Some(*city) == asked);
    let response = match found {
        Some((_, celsius)) => Response::from_string(celsius.to_string()),
        None => Response::from_string("no such city").with_status_code(404),
    };
    // An error means that the client has gone. It needs no answer.
    let _ = request.respond(response);
}
