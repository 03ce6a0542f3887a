//! A connection behind TLS. One thread reads from it while another one writes.
//!
//! Both use one session, which is locked while records are encrypted or decrypted, and never while the socket is waited for.

use crate::tier::redis::config::TlsFiles;
use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{ClientConfig, ClientConnection, Error, RootCertStore};
use std::io::{self, ErrorKind, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// The most bytes that are encrypted at a time.
const PART: usize = 256 << 10;

#[derive(Debug)]
pub(crate) struct TlsStream {
    socket: TcpStream,
    shared: Arc<Shared>,
    /// The bytes that were read from the socket, and how many of them were decrypted.
    received: Vec<u8>,
    done: usize,
}

#[derive(Debug)]
struct Shared {
    session: Mutex<ClientConnection>,
    /// Encrypted records. The lock is held until they are written, so that they are written in order.
    records: Mutex<Vec<u8>>,
}

impl TlsStream {
    /// Greets the server of this name, and checks its certificate.
    pub(crate) fn connect(
        mut socket: TcpStream,
        host: &str,
        files: &TlsFiles,
        end: Instant,
    ) -> io::Result<Self> {
        let name = ServerName::try_from(host.to_owned()).map_err(io::Error::other)?;
        let mut session =
            ClientConnection::new(Arc::new(configure(files)?), name).map_err(io::Error::other)?;
        session.set_buffer_limit(None);
        while session.is_handshaking() || session.wants_write() {
            let left = end.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Err(ErrorKind::TimedOut.into());
            }
            if session.wants_write() {
                socket.set_write_timeout(Some(left))?;
                session.write_tls(&mut socket)?;
                continue;
            }
            socket.set_read_timeout(Some(left))?;
            if session.read_tls(&mut socket)? == 0 {
                return Err(ErrorKind::UnexpectedEof.into());
            }
            if let Err(error) = session.process_new_packets() {
                // The server is told why.
                let _ = session.write_tls(&mut socket);
                return Err(explained(error));
            }
        }
        let shared = Shared { session: Mutex::new(session), records: Mutex::default() };
        Ok(Self { socket, shared: Arc::new(shared), received: Vec::new(), done: 0 })
    }

    /// The same connection, for a thread that writes.
    pub(crate) fn try_clone(&self) -> io::Result<Self> {
        let (socket, shared) = (self.socket.try_clone()?, Arc::clone(&self.shared));
        Ok(Self { socket, shared, received: Vec::new(), done: 0 })
    }

    pub(crate) fn set_read_timeout(&self, timeout: Option<Duration>) -> io::Result<()> {
        self.socket.set_read_timeout(timeout)
    }

    pub(crate) fn set_write_timeout(&self, timeout: Option<Duration>) -> io::Result<()> {
        self.socket.set_write_timeout(timeout)
    }

    pub(crate) fn write_all(&self, bytes: &[u8]) -> io::Result<()> {
        let mut records = lock(&self.shared.records);
        for part in bytes.chunks(PART) {
            self.send(&mut records, part)?;
        }
        Ok(())
    }

    /// Encrypts these bytes, and sends all records that there are.
    fn send(&self, records: &mut Vec<u8>, bytes: &[u8]) -> io::Result<()> {
        let mut session = lock(&self.shared.session);
        session.writer().write_all(bytes)?;
        while session.wants_write() {
            session.write_tls(records)?;
        }
        drop(session);
        let sent = (&self.socket).write_all(records);
        records.clear();
        sent
    }

    // No farewell is said: that might wait for the thread that writes.
    pub(crate) fn shut_down(&self) {
        let _ = self.socket.shutdown(Shutdown::Both);
    }

    /// Gives what is decrypted already. `None` if more is to be received.
    fn take(&mut self, to: &mut [u8]) -> io::Result<Option<usize>> {
        let mut session = lock(&self.shared.session);
        loop {
            match session.reader().read(to) {
                Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                taken => return taken.map(Some),
            }
            let mut left = &self.received[self.done..];
            if left.is_empty() {
                break;
            }
            self.done += session.read_tls(&mut left)?;
            session.process_new_packets().map_err(explained)?;
        }
        let has_reply = session.wants_write();
        drop(session);
        if has_reply {
            self.send(&mut lock(&self.shared.records), &[])?;
        }
        Ok(None)
    }
}

impl Read for TlsStream {
    fn read(&mut self, to: &mut [u8]) -> io::Result<usize> {
        loop {
            if let Some(len) = self.take(to)? {
                return Ok(len);
            }
            self.received.resize(PART / 8, 0);
            let len = self.socket.read(&mut self.received)?;
            self.received.truncate(len);
            self.done = 0;
            if len == 0 {
                return Ok(0);
            }
        }
    }
}

fn lock<T>(of: &Mutex<T>) -> MutexGuard<'_, T> {
    of.lock().unwrap_or_else(PoisonError::into_inner)
}

fn explained(error: Error) -> io::Error {
    match error {
        Error::InvalidMessage(_) => io::Error::other(format!("it does not speak TLS: {error}")),
        error => io::Error::other(error),
    }
}

/// The files are read for each connection, so that renewed certificates are used.
fn configure(files: &TlsFiles) -> io::Result<ClientConfig> {
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(io::Error::other)?
        .with_root_certificates(authorities(files.authorities.as_deref())?);
    let Some((certificate, key)) = &files.client else { return Ok(config.with_no_client_auth()) };
    let key = PrivateKeyDer::from_pem_file(key).map_err(|error| unreadable(key, &error))?;
    config.with_client_auth_cert(certificates(certificate)?, key).map_err(io::Error::other)
}

fn authorities(file: Option<&Path>) -> io::Result<RootCertStore> {
    let found = match file {
        Some(file) => certificates(file)?,
        None => rustls_native_certs::load_native_certs().certs,
    };
    let mut roots = RootCertStore::empty();
    let (added, _) = roots.add_parsable_certificates(found);
    if added == 0 {
        let place = file.map_or("this system".into(), Path::to_string_lossy);
        return Err(io::Error::other(format!("{place} names no certificate authority")));
    }
    Ok(roots)
}

fn certificates(file: &Path) -> io::Result<Vec<CertificateDer<'static>>> {
    let read = CertificateDer::pem_file_iter(file).and_then(Iterator::collect);
    read.map_err(|error| unreadable(file, &error))
}

fn unreadable(file: &Path, error: &rustls::pki_types::pem::Error) -> io::Error {
    io::Error::other(format!("{} cannot be read: {error}", file.display()))
}
