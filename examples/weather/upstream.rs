//! The upstream: a small weather service on loopback, which is slow and counts what it is asked.

use std::error::Error;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;
use tiny_http::{Request, Response, Server};

/// How long it thinks about each request.
pub(crate) const DELAY: Duration = Duration::from_millis(150);

/// How many requests it works on side by side: enough that callers never queue for it.
const WORKERS: usize = 64;

/// The cities it knows, with their temperatures in °C.
pub(crate) const CITIES: [(&str, f64); 20] = [
    ("Amsterdam", 11.4),
    ("Athens", 21.0),
    ("Berlin", 12.8),
    ("Bern", 10.1),
    ("Cairo", 28.3),
    ("Dublin", 9.9),
    ("Hanoi", 31.2),
    ("Helsinki", 4.6),
    ("Lagos", 29.5),
    ("Lima", 19.7),
    ("Lisbon", 18.2),
    ("Madrid", 20.4),
    ("Nairobi", 22.9),
    ("Oslo", 7.5),
    ("Paris", 14.0),
    ("Quito", 15.3),
    ("Reykjavik", 1.2),
    ("Rome", 19.1),
    ("Seoul", 16.6),
    ("Tokyo", 17.8),
];

/// A running service. It stops when it is dropped.
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

    /// How many requests have come in.
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
            // A worker that panicked has said so already.
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
    // A client that has gone away needs no answer.
    let _ = request.respond(response);
}
