//! A socket, of either kind.

use crate::tier::redis::config::Address;
use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpStream, ToSocketAddrs};
#[cfg(unix)]
use std::os::unix::net::UnixStream;
use std::time::Duration;

#[derive(Debug)]
pub(crate) enum Stream {
    Tcp(TcpStream),
    #[cfg(unix)]
    Unix(UnixStream),
}

macro_rules! on_either {
    ($self:ident, $stream:ident => $call:expr) => {
        match $self {
            Self::Tcp($stream) => $call,
            #[cfg(unix)]
            Self::Unix($stream) => $call,
        }
    };
}

impl Stream {
    pub(crate) fn connect(address: &Address, at_most: Duration) -> io::Result<Self> {
        match address {
            Address::Tcp(host, port) => {
                let mut failure = None;
                for address in (&**host, *port).to_socket_addrs()? {
                    match TcpStream::connect_timeout(&address, at_most) {
                        Ok(stream) => {
                            stream.set_nodelay(true)?;
                            return Ok(Self::Tcp(stream));
                        }
                        Err(error) => failure = Some(error),
                    }
                }
                Err(failure.unwrap_or_else(|| io::ErrorKind::NotFound.into()))
            }
            #[cfg(unix)]
            Address::Unix(path) => UnixStream::connect(path).map(Self::Unix),
            #[cfg(not(unix))]
            Address::Unix(_) => Err(io::ErrorKind::Unsupported.into()),
        }
    }

    pub(crate) fn try_clone(&self) -> io::Result<Self> {
        match self {
            Self::Tcp(stream) => stream.try_clone().map(Self::Tcp),
            #[cfg(unix)]
            Self::Unix(stream) => stream.try_clone().map(Self::Unix),
        }
    }

    pub(crate) fn set_read_timeout(&self, timeout: Option<Duration>) -> io::Result<()> {
        on_either!(self, stream => stream.set_read_timeout(timeout))
    }

    pub(crate) fn set_write_timeout(&self, timeout: Option<Duration>) -> io::Result<()> {
        on_either!(self, stream => stream.set_write_timeout(timeout))
    }

    /// Writes, while another thread may read.
    pub(crate) fn write_all(&self, bytes: &[u8]) -> io::Result<()> {
        on_either!(self, stream => (&*stream).write_all(bytes))
    }

    /// Ends the connection, also for those who are reading or writing.
    pub(crate) fn shut_down(&self) {
        let _ = on_either!(self, stream => stream.shutdown(Shutdown::Both));
    }
}

impl Read for Stream {
    fn read(&mut self, to: &mut [u8]) -> io::Result<usize> {
        on_either!(self, stream => stream.read(to))
    }
}
