//! The first words on a connection: the protocol, the account, the database, tracking, and the scripts.

use crate::tier::redis::config::{Config, Secret};
use crate::tier::redis::frames::{self, Reply};
use crate::tier::redis::scripts::{self, Hashes};
use crate::tier::redis::stream::Stream;
use std::io::Read;
use std::time::{Duration, Instant};

/// How long a server may take to answer them.
const PATIENCE: Duration = Duration::from_secs(2);

/// A connection that is ready for questions.
pub(crate) struct Greeted {
    pub(crate) stream: Stream,
    /// Bytes that were read already and do not belong to the greeting.
    pub(crate) bytes: Vec<u8>,
    pub(crate) hashes: Hashes,
}

struct Greeting {
    stream: Stream,
    bytes: Vec<u8>,
    end: Instant,
}

/// Connects. An error is a text for people, and may contain what the server has said.
pub(crate) fn greet(config: &Config) -> Result<Greeted, String> {
    let stream = Stream::connect(config, PATIENCE)
        .map_err(|error| format!("it cannot be reached: {error}"))?;
    let times = stream.set_write_timeout(Some(PATIENCE));
    let times = times.and_then(|()| stream.set_read_timeout(Some(PATIENCE)));
    times.map_err(|error| error.to_string())?;
    let mut greeting = Greeting { stream, bytes: Vec::new(), end: Instant::now() + PATIENCE };

    greeting.hello(config)?;
    let database = config.database.to_string();
    let mut commands: Vec<Vec<&[u8]>> = vec![vec![b"CLIENT", b"TRACKING", b"ON", b"NOLOOP"]];
    if config.database != 0 {
        commands.push(vec![b"SELECT", database.as_bytes()]);
    }
    for command in &commands {
        if let Reply::Error(error) = greeting.ask(command)? {
            return Err(error);
        }
    }
    let mut hashes = Hashes::default();
    for script in scripts::KEPT {
        match greeting.ask(&[b"SCRIPT", b"LOAD", script.source().as_bytes()])? {
            Reply::Text(hash) => hashes[script as usize] = String::from_utf8(hash).ok(),
            Reply::Error(error) => return Err(error),
            _ => return Err("it has no scripts".to_owned()),
        }
    }
    let Greeting { stream, bytes, .. } = greeting;
    stream.set_read_timeout(None).map_err(|error| error.to_string())?;
    Ok(Greeted { stream, bytes, hashes })
}

impl Greeting {
    fn hello(&mut self, config: &Config) -> Result<(), String> {
        let mut hello: Vec<&[u8]> = vec![b"HELLO", b"3"];
        if let Some(Secret(password)) = &config.password {
            let user = config.user.as_deref().unwrap_or("default");
            hello.extend([b"AUTH", user.as_bytes(), password.as_bytes()]);
        }
        hello.extend([b"SETNAME".as_slice(), b"memofn"]);
        match self.ask(&hello)? {
            Reply::List(parts) => {
                let says = |name: &str, value: &str| {
                    let is = |reply: &Reply, text: &str| *reply == Reply::Text(text.into());
                    parts.chunks(2).any(|pair| is(&pair[0], name) && is(&pair[1], value))
                };
                if says("mode", "cluster") {
                    return Err("it is a cluster, which is not supported".to_owned());
                }
                if says("role", "replica") {
                    return Err("it is a replica, which cannot be written to".to_owned());
                }
                Ok(())
            }
            Reply::Error(error) if error.contains("unknown command") => {
                Err(format!("it does not speak RESP3, as Redis 6 and later do: {error}"))
            }
            Reply::Error(error) if error.starts_with("NOPROTO") => {
                Err(format!("it does not speak RESP3: {error}"))
            }
            Reply::Error(error) => Err(error),
            _ => Err("it does not speak RESP3".to_owned()),
        }
    }

    fn ask(&mut self, command: &[&[u8]]) -> Result<Reply, String> {
        let mut bytes = Vec::new();
        frames::command(&mut bytes, command);
        self.stream
            .write_all(&bytes)
            .map_err(|error| format!("it cannot be written to: {error}"))?;
        loop {
            match frames::read(&self.bytes) {
                Ok(Some((reply, len))) => {
                    self.bytes.drain(..len);
                    // Changes before the first question do not matter.
                    if !matches!(reply, Reply::Push(_)) {
                        return Ok(reply);
                    }
                    continue;
                }
                Ok(None) => {}
                Err(frames::Garbage) => return Err("it sent what is no reply".to_owned()),
            }
            if self.end <= Instant::now() {
                return Err("it does not answer".to_owned());
            }
            let mut chunk = [0; 4096];
            match self.stream.read(&mut chunk) {
                Ok(0) => return Err("it has closed the connection".to_owned()),
                Ok(len) => self.bytes.extend(&chunk[..len]),
                Err(error) => return Err(format!("it does not answer: {error}")),
            }
        }
    }
}
