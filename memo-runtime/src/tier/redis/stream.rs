//! A connection to a server, of each kind.

use crate::tier::redis::config::{Address, Config};
#[cfg(feature = "redis-tls")]
use crate::tier::redis::tls::TlsStream;
use std::io::{self, ErrorKind, Read, Write};
use std::net::{Shutdown, TcpStream, ToSocketAddrs};
#[cfg(unix)]
use std::os::unix::net::UnixStream;
use std::time::{Duration, Instant};

/// Each address of a host has so much time at least.
const SHORTEST: Duration = Duration::from_millis(100);

#[derive(Debug)]
pub(crate) enum Stream {
    Tcp(TcpStream),
    #[cfg(unix)]
    Unix(UnixStream),
    #[cfg(feature = "redis-tls")]
    Tls(Box<TlsStream>),
}

macro_rules! on_each {
    ($self:ident, $stream:ident => $call:expr) => {
        match $self {
            Self::Tcp($stream) => $call,
            #[cfg(unix)]
            Self::Unix($stream) => $call,
            #[cfg(feature = "redis-tls")]
            Self::Tls($stream) => $call,
        }
    };
}

impl Stream {
    pub(crate) fn connect(config: &Config, at_most: Duration) -> io::Result<Self> {
        let end = Instant::now() + at_most;
        match &config.address {
            Address::Tcp(host, port) => connect_tcp(host, *port, end).map(Self::Tcp),
            #[cfg(unix)]
            Address::Unix(path) => UnixStream::connect(path).map(Self::Unix),
            #[cfg(feature = "redis-tls")]
            Address::Tls(host, port) => {
                let stream = connect_tcp(host, *port, end)?;
                let stream = TlsStream::connect(stream, host, &config.tls, end)?;
                Ok(Self::Tls(Box::new(stream)))
            }
            #[cfg(not(all(unix, feature = "redis-tls")))]
            _ => Err(ErrorKind::Unsupported.into()),
        }
    }

    pub(crate) fn try_clone(&self) -> io::Result<Self> {
        match self {
            Self::Tcp(stream) => stream.try_clone().map(Self::Tcp),
            #[cfg(unix)]
            Self::Unix(stream) => stream.try_clone().map(Self::Unix),
            #[cfg(feature = "redis-tls")]
            Self::Tls(stream) => stream.try_clone().map(Box::new).map(Self::Tls),
        }
    }

    pub(crate) fn set_read_timeout(&self, timeout: Option<Duration>) -> io::Result<()> {
        on_each!(self, stream => stream.set_read_timeout(timeout))
    }

    pub(crate) fn set_write_timeout(&self, timeout: Option<Duration>) -> io::Result<()> {
        on_each!(self, stream => stream.set_write_timeout(timeout))
    }

    /// Writes, while another thread may read.
    pub(crate) fn write_all(&self, bytes: &[u8]) -> io::Result<()> {
        match self {
            Self::Tcp(stream) => (&*stream).write_all(bytes),
            #[cfg(unix)]
            Self::Unix(stream) => (&*stream).write_all(bytes),
            #[cfg(feature = "redis-tls")]
            Self::Tls(stream) => stream.write_all(bytes),
        }
    }

    /// Writes what the socket takes now. Returns how many bytes that are: none if it has failed, or if it may wait.
    pub(crate) fn write_some(&self, bytes: &[u8]) -> usize {
        let written = match self {
            Self::Tcp(stream) => (&*stream).write(bytes),
            #[cfg(unix)]
            Self::Unix(stream) => (&*stream).write(bytes),
            // Another thread may hold the locks of the session while it writes.
            #[cfg(feature = "redis-tls")]
            Self::Tls(_) => Ok(0),
        };
        written.unwrap_or(0)
    }

    /// Ends the connection, also for those who are reading or writing.
    pub(crate) fn shut_down(&self) {
        match self {
            Self::Tcp(stream) => _ = stream.shutdown(Shutdown::Both),
            #[cfg(unix)]
            Self::Unix(stream) => _ = stream.shutdown(Shutdown::Both),
            #[cfg(feature = "redis-tls")]
            Self::Tls(stream) => stream.shut_down(),
        }
    }
}

impl Read for Stream {
    fn read(&mut self, to: &mut [u8]) -> io::Result<usize> {
        on_each!(self, stream => stream.read(to))
    }
}

/// Tries the addresses of a host in turn.
fn connect_tcp(host: &str, port: u16, end: Instant) -> io::Result<TcpStream> {
    let mut failure = None;
    for address in (host, port).to_socket_addrs()? {
        let left = end.saturating_duration_since(Instant::now()).max(SHORTEST);
        match TcpStream::connect_timeout(&address, left) {
            Ok(stream) => {
                stream.set_nodelay(true)?;
                return Ok(stream);
            }
            Err(error) => failure = Some(error),
        }
    }
    Err(failure.unwrap_or_else(|| ErrorKind::NotFound.into()))
}
