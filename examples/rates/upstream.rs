//! The upstream is a small service for exchange rates on loopback. It is slow, it can be down, and it counts its calls.

use std::io::{self, BufRead, BufReader, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering::SeqCst};
use std::thread;
use std::time::Duration;

/// The time it takes for each answer.
const DELAY: Duration = Duration::from_millis(50);

/// A running service. It runs until the program ends.
pub(crate) struct Upstream {
    address: SocketAddr,
    desk: Arc<Desk>,
}

/// The state that its connections share.
#[derive(Default)]
struct Desk {
    calls: AtomicU32,
    is_down: AtomicBool,
}

impl Upstream {
    /// Listens on a free port of loopback and answers `GET /USD HTTP/1.0`.
    pub(crate) fn start() -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        let (address, desk) = (listener.local_addr()?, Arc::new(Desk::default()));
        let shared = Arc::clone(&desk);
        thread::spawn(move || {
            for connection in listener.incoming().flatten() {
                let desk = Arc::clone(&shared);
                // An error means that the client has gone. It needs no answer.
                thread::spawn(move || desk.answer(connection).unwrap_or_default());
            }
        });
        Ok(Self { address, desk })
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    pub(crate) fn set_down(&self, is_down: bool) {
        self.desk.is_down.store(is_down, SeqCst);
    }

    /// The number of calls so far.
    pub(crate) fn calls(&self) -> u32 {
        self.desk.calls.load(SeqCst)
    }
}

impl Desk {
    fn answer(&self, mut connection: TcpStream) -> io::Result<()> {
        let mut request = BufReader::new(connection.try_clone()?).lines();
        let first_line = request.next().transpose()?.unwrap_or_default();
        let currency = first_line.split(['/', ' ']).nth(2).unwrap_or_default();
        // The headers end with an empty line.
        while request.next().transpose()?.is_some_and(|line| !line.is_empty()) {}

        let calls = self.calls.fetch_add(1, SeqCst) + 1;
        thread::sleep(DELAY);
        let at_noon = match currency {
            _ if self.is_down.load(SeqCst) => {
                return connection.write_all(b"HTTP/1.0 503 Service Unavailable\r\n\r\n");
            }
            "USD" => 1.10,
            "CHF" => 0.95,
            "JPY" => 160.00,
            _ => return connection.write_all(b"HTTP/1.0 404 Not Found\r\n\r\n"),
        };
        // Rates move: each answer is another one.
        let rate = at_noon + 0.01 * f64::from(calls);
        write!(connection, "HTTP/1.0 200 OK\r\n\r\n{rate:.2}")
    }
}
