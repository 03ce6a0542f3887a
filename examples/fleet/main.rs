//! Four servers that share one Redis. Together they ask the upstream once for each city.
//!
//! ```text
//! cargo run --release --features redis --example fleet
//! ```
//!
//! The example starts `redis-server` on a free port, an upstream that counts, and four processes of itself. Each process has
//! eight threads that ask for the weather of the same cities.
//!
//! 1. All servers ask for twenty cities: the upstream is asked twenty times.
//! 2. A fifth server is killed while it asks the upstream. The others wait until its lease has ended, and one of them asks.
//! 3. Redis stands still for two seconds. Each server goes on alone. Then they share again.
//!
//! Where no Redis is installed it starts `valkey-server`. `MEMOFN_REDIS_SERVER` names another binary. Without one, the example shows one process in memory.

use memofn::memoize;
use std::env;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Arc, Mutex, OnceLock};
use std::thread;
use std::time::{Duration, Instant};

const SERVERS: usize = 4;
const THREADS: usize = 8;
const CITIES: usize = 20;

/// A city whose weather takes long to find.
const FAR_AWAY: &str = "Nuuk";

/// A server that does not come back loses its lease after this time.
const LEASE: Duration = Duration::from_secs(2);

static UPSTREAM: OnceLock<SocketAddr> = OnceLock::new();

/// The weather in a city. Each request to the upstream is charged for.
#[memoize(ttl = "1h", redis)]
fn weather(city: &str) -> Result<String, String> {
    let address = UPSTREAM.get().expect("the upstream runs");
    let ask = || -> io::Result<String> {
        let mut connection = TcpStream::connect(address)?;
        writeln!(connection, "{city}")?;
        let mut answer = String::new();
        connection.read_to_string(&mut answer)?;
        Ok(answer)
    };
    ask().map_err(|error| error.to_string())
}

type Failure = Box<dyn std::error::Error>;

fn main() -> Result<(), Failure> {
    let arguments: Vec<String> = env::args().collect();
    if let [_, upstream, redis] = &arguments[..] {
        return serve(upstream.parse()?, redis);
    }
    let upstream = Upstream::start()?;
    let Some(redis) = Redis::start()? else {
        println!(
            "no `redis-server` is installed: try `apt-get install redis-server`, or `brew install redis`"
        );
        UPSTREAM.get_or_init(|| upstream.address);
        println!("one process in memory: {}", ask(&cities()));
        assert_eq!(upstream.requests().len(), CITIES);
        return Ok(());
    };
    let servers = (0..SERVERS).map(|_| Server::start(&upstream, &redis));
    let mut servers = servers.collect::<io::Result<Vec<_>>>()?;

    println!("{SERVERS} servers with {THREADS} threads each ask for {CITIES} cities:");
    ask_all(&mut servers, &cities())?;
    let requests = upstream.requests();
    println!("  the upstream was asked {} times", requests.len());
    assert_eq!(requests.len(), CITIES, "{requests:?}");

    println!("a server is killed while it asks for {FAR_AWAY}:");
    let mut victim = Server::start(&upstream, &redis)?;
    victim.send(&[FAR_AWAY.to_owned()])?;
    upstream.begun.recv_timeout(Duration::from_secs(60))?;
    victim.process.kill()?;
    victim.process.wait()?;
    ask_all(&mut servers, &[FAR_AWAY.to_owned()])?;
    let requests = upstream.requests();
    println!(
        "  the upstream was asked {} times: by the victim, and by one of the others",
        requests.len()
    );
    assert_eq!(requests.len(), 2, "{requests:?}");

    println!("Redis stands still for two seconds:");
    redis.signal("-STOP")?;
    let stopped = Instant::now();
    ask_all(&mut servers, &["Lima".to_owned()])?;
    let requests = upstream.requests();
    println!("  the upstream was asked {} times: the servers are on their own", requests.len());
    assert!(requests.len() <= SERVERS, "{requests:?}");
    thread::sleep(Duration::from_secs(2).saturating_sub(stopped.elapsed()));
    redis.signal("-CONT")?;

    println!("Redis is back:");
    for round in 1.. {
        // The servers come back one after the other.
        ask_all(&mut servers, &[format!("Quito{round}")])?;
        let requests = upstream.requests();
        println!("  the upstream was asked {} times", requests.len());
        if requests.len() == 1 {
            break;
        }
        assert!(round < 60, "the servers share again");
        thread::sleep(Duration::from_millis(500));
    }
    Ok(())
}

fn cities() -> Vec<String> {
    (1..=CITIES).map(|number| format!("City{number}")).collect()
}

/// Has all servers ask for these cities at once, and prints what each saw.
fn ask_all(servers: &mut [Server], cities: &[String]) -> Result<(), Failure> {
    servers.iter_mut().try_for_each(|server| server.send(cities))?;
    for (number, server) in servers.iter_mut().enumerate() {
        let mut line = String::new();
        server.answers.read_line(&mut line)?;
        assert!(line.ends_with("0 failed\n"), "server {number}: {line}");
        print!("  server {number}: {line}");
    }
    Ok(())
}

/// Asks for all cities in all threads. Returns what came of it.
fn ask(cities: &[String]) -> String {
    let before = weather::cache_info();
    let failed: usize = thread::scope(|scope| {
        let calls = || cities.iter().filter(|city| weather(city).is_err()).count();
        let threads: Vec<_> = (0..THREADS).map(|_| scope.spawn(calls)).collect();
        threads.into_iter().map(|thread| thread.join().expect("no panic")).sum()
    });
    let after = weather::cache_info();
    let from_redis = after.tier_hits - before.tier_hits;
    let ran = after.misses - before.misses - from_redis;
    let hits = after.hits - before.hits;
    format!("{hits} from memory, {from_redis} from Redis, {ran} from the upstream, {failed} failed")
}

/// One server: it asks for what its parent tells it to.
fn serve(upstream: SocketAddr, redis: &str) -> Result<(), Failure> {
    UPSTREAM.get_or_init(|| upstream);
    memofn::redis::connect(redis)?.namespace("fleet").lease(LEASE).start();
    for line in io::stdin().lines() {
        let cities: Vec<String> = line?.split(',').map(str::to_owned).collect();
        println!("{}", ask(&cities));
    }
    Ok(())
}

struct Server {
    process: Child,
    orders: ChildStdin,
    answers: BufReader<ChildStdout>,
}

impl Server {
    fn start(upstream: &Upstream, redis: &Redis) -> io::Result<Self> {
        let mut process = Command::new(env::current_exe()?)
            .args([upstream.address.to_string(), redis.url()])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let orders = process.stdin.take().expect("it is piped");
        let answers = BufReader::new(process.stdout.take().expect("it is piped"));
        Ok(Self { process, orders, answers })
    }

    fn send(&mut self, cities: &[String]) -> io::Result<()> {
        writeln!(self.orders, "{}", cities.join(","))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// An upstream that counts its requests.
struct Upstream {
    address: SocketAddr,
    requests: Arc<Mutex<Vec<String>>>,
    /// A request for the far away city has begun.
    begun: Receiver<()>,
}

impl Upstream {
    fn start() -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        let address = listener.local_addr()?;
        let requests = Arc::new(Mutex::new(Vec::new()));
        let (begins, begun) = channel();
        let counted = Arc::clone(&requests);
        thread::spawn(move || {
            for connection in listener.incoming().map_while(Result::ok) {
                let (counted, begins) = (Arc::clone(&counted), begins.clone());
                thread::spawn(move || {
                    let mut city = String::new();
                    let mut connection = BufReader::new(connection);
                    if connection.read_line(&mut city).is_err() {
                        return;
                    }
                    counted.lock().expect("no panic").push(city.trim().to_owned());
                    let mut takes = Duration::from_millis(50);
                    if city.trim() == FAR_AWAY {
                        let _ = begins.send(());
                        takes = Duration::from_secs(1);
                    }
                    thread::sleep(takes);
                    let _ = write!(connection.get_mut(), "sunny in {}", city.trim());
                });
            }
        });
        Ok(Self { address, requests, begun })
    }

    /// The requests since the last look.
    fn requests(&self) -> Vec<String> {
        std::mem::take(&mut *self.requests.lock().expect("no panic"))
    }
}

struct Redis {
    process: Child,
    port: u16,
}

impl Redis {
    /// `None` if no server is installed.
    fn start() -> io::Result<Option<Self>> {
        let named = env::var("MEMOFN_REDIS_SERVER").ok();
        let binaries = named.map_or_else(
            || vec!["redis-server".to_owned(), "valkey-server".to_owned()],
            |it| vec![it],
        );
        let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port();
        let start = |binary| {
            Command::new(binary)
                .args(["--port", &port.to_string(), "--bind", "127.0.0.1"])
                .args(["--save", "", "--appendonly", "no"])
                .stdout(Stdio::null())
                .spawn()
        };
        let is_missing = |it: &io::Result<Child>| matches!(it, Err(error) if error.kind() == io::ErrorKind::NotFound);
        let Some(process) = binaries.into_iter().map(start).find(|it| !is_missing(it)) else {
            return Ok(None);
        };
        let process = process?;
        let redis = Self { process, port };
        let until = Instant::now() + Duration::from_secs(60);
        while TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_err() {
            assert!(Instant::now() < until, "the server listens");
            thread::sleep(Duration::from_millis(10));
        }
        Ok(Some(redis))
    }

    fn url(&self) -> String {
        format!("redis://127.0.0.1:{}/0", self.port)
    }

    fn signal(&self, signal: &str) -> io::Result<()> {
        Command::new("kill").args([signal, &self.process.id().to_string()]).status().map(drop)
    }
}

impl Drop for Redis {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
