//! A Redis of the test's own, on a free port, or a Valkey where no Redis is installed. `MEMOFN_REDIS_SERVER` names another binary.

use rustix::process::{Pid, Signal, kill_process};
use std::env;
use std::ffi::OsString;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
use std::thread;
use std::time::{Duration, Instant};

/// A running server. It ends when this is dropped.
#[derive(Debug)]
pub(crate) struct Server {
    child: Child,
    port: u16,
    directory: PathBuf,
    arguments: Vec<String>,
    /// Variables of its environment.
    variables: Vec<(String, PathBuf)>,
}

/// A port on which nothing listens.
pub(crate) fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port is free");
    listener.local_addr().expect("it has an address").port()
}

impl Server {
    /// Starts a server. Prints a line and gives `None` where none is installed.
    pub(crate) fn start(arguments: &[&str]) -> Option<Self> {
        Self::start_with(arguments, Vec::new())
    }

    /// The same, with variables in its environment.
    pub(crate) fn start_with(
        arguments: &[&str],
        variables: Vec<(String, PathBuf)>,
    ) -> Option<Self> {
        static SERVERS: AtomicU32 = AtomicU32::new(0);
        let number = SERVERS.fetch_add(1, Relaxed);
        let directory = format!("memofn-redis-{}-{number}", std::process::id());
        let directory = env::temp_dir().join(directory);
        std::fs::create_dir_all(&directory).expect("a directory can be made");
        let port = free_port();
        let arguments: Vec<_> = arguments.iter().map(|argument| (*argument).to_owned()).collect();
        let Some(child) = spawn(port, &directory, &arguments, &variables) else {
            println!("skipped: neither redis-server nor valkey-server is installed");
            return None;
        };
        let mut server = Self { child, port, directory, arguments, variables };
        server.is_there();
        Some(server)
    }

    pub(crate) fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }

    pub(crate) fn directory(&self) -> &Path {
        &self.directory
    }

    /// Waits until it answers.
    fn is_there(&mut self) {
        let end = Instant::now() + Duration::from_secs(60);
        while Instant::now() < end {
            if let Ok(Some(status)) = self.child.try_wait() {
                panic!("the server does not know its arguments, or has failed: {status}");
            }
            let stream = TcpStream::connect(("127.0.0.1", self.port));
            if stream.is_ok_and(|mut stream| {
                let mut answer = [0; 1];
                stream.write_all(b"PING\r\n").is_ok() && stream.read_exact(&mut answer).is_ok()
            }) {
                return;
            }
            thread::sleep(Duration::from_millis(10));
        }
        panic!("the server does not answer");
    }

    /// Stops its process, or lets it go on.
    pub(crate) fn freeze(&self, is_frozen: bool) {
        let signal = if is_frozen { Signal::STOP } else { Signal::CONT };
        kill_process(Pid::from_child(&self.child), signal).expect("it is ours");
    }

    /// Kills it.
    pub(crate) fn kill(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    /// Starts it again, empty, on its port.
    pub(crate) fn restart(&mut self) {
        self.kill();
        let child = spawn(self.port, &self.directory, &self.arguments, &self.variables);
        self.child = child.expect("it is installed");
        self.is_there();
    }

    /// Sends a command by a connection of its own. Returns the first line of the reply.
    pub(crate) fn command(&self, parts: &[&str]) -> String {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).expect("it is there");
        let mut command = format!("*{}\r\n", parts.len());
        for part in parts {
            command.extend([format!("${}\r\n{part}\r\n", part.len())]);
        }
        stream.write_all(command.as_bytes()).expect("it reads");
        let mut line = String::new();
        BufReader::new(stream).read_line(&mut line).expect("it answers");
        line.trim_end().to_owned()
    }

    /// How many keys have names like this.
    pub(crate) fn count(&self, pattern: &str) -> usize {
        let count = "return #redis.call('KEYS', ARGV[1])";
        let line = self.command(&["EVAL", count, "0", pattern]);
        line.strip_prefix(':').and_then(|count| count.parse().ok()).expect("a number")
    }
}

fn spawn(
    port: u16,
    directory: &Path,
    arguments: &[String],
    variables: &[(String, PathBuf)],
) -> Option<Child> {
    let start = |binary: OsString| {
        Command::new(binary)
            .args(["--port", &port.to_string(), "--bind", "127.0.0.1", "--save", ""])
            .args(["--appendonly", "no", "--dir"])
            .arg(directory)
            .args(arguments)
            .envs(variables.iter().map(|(name, value)| (name, value)))
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .ok()
    };
    match env::var_os("MEMOFN_REDIS_SERVER") {
        Some(binary) => start(binary),
        None => start("redis-server".into()).or_else(|| start("valkey-server".into())),
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.kill();
        let _ = std::fs::remove_dir_all(&self.directory);
    }
}
