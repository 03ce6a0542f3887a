//! Hits in a tier beside the bare question: a hit in Redis and a `GET`, a hit on disk and a `SELECT`.
//!
//! `cargo run -p memofn-bench --release --features tiers --bin tiers`, with the argument `disk` or `redis` for one of them. It
//! starts a `redis-server` of its own. Rounds of each are interleaved. A hit is a call of a cache that holds nothing: it asks,
//! reads the record, checks it and stores the value.

use memofn::tier::Tier;
use memofn::{Cache, disk, redis};
use std::error::Error;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

const ROUNDS: usize = 401;
/// Few, so that the rounds of a ratio are from one moment of a busy machine.
const CALLS: u32 = 100;
/// More keys than the cache holds, so that none is found there.
const KEYS: u64 = 8;
const LONG: Duration = Duration::from_secs(10);

type Texts<'a> = Box<dyn FnMut(u64) + 'a>;

fn text(key: u64) -> String {
    format!("{key:>200}")
}

/// Ends the server when it is dropped.
struct Server(Child);

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn start_server() -> Result<(Server, u16), Box<dyn Error>> {
    let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
    let server = Command::new("redis-server")
        .args(["--port", &port.to_string(), "--bind", "127.0.0.1", "--save", ""])
        .args(["--dir".into(), std::env::temp_dir()])
        .stdout(Stdio::null())
        .spawn()?;
    let server = Server(server);
    let end = Instant::now() + LONG;
    while TcpStream::connect(("127.0.0.1", port)).is_err() && Instant::now() < end {
        std::thread::sleep(Duration::from_millis(10));
    }
    Ok((server, port))
}

/// A client that does nothing but this.
struct Bare(TcpStream, Vec<u8>);

impl Bare {
    fn new(port: u16) -> Result<Self, Box<dyn Error>> {
        let stream = TcpStream::connect(("127.0.0.1", port))?;
        stream.set_nodelay(true)?;
        Ok(Self(stream, vec![0; 4096]))
    }

    /// Sends a command whose reply fits into one packet.
    fn ask(&mut self, command: &str) -> usize {
        self.0.write_all(command.as_bytes()).expect("it is there");
        self.0.read(&mut self.1).expect("it answers")
    }
}

/// The time of one call in each round, in nanoseconds.
fn measure(contestants: &mut [(&str, Texts<'_>)]) -> Vec<Vec<f64>> {
    let mut times = vec![Vec::new(); contestants.len()];
    for round in 0..=ROUNDS {
        for ((_, call), times) in contestants.iter_mut().zip(&mut times) {
            let begun = Instant::now();
            (0..u64::from(CALLS)).for_each(|i| call(i % KEYS));
            // The first round is not counted.
            if round > 0 {
                times.push(begun.elapsed().as_secs_f64() * 1e9 / f64::from(CALLS));
            }
        }
    }
    times
}

/// The least and the median.
fn spread(values: impl Iterator<Item = f64>) -> (f64, f64) {
    let mut values: Vec<_> = values.collect();
    values.sort_by(f64::total_cmp);
    (values[0], values[values.len() / 2])
}

fn report(title: &str, contestants: &mut [(&str, Texts<'_>)]) {
    let times = measure(contestants);
    println!(
        "{title}: ns a call, {ROUNDS} rounds of {CALLS}; ratios of the minima, and the median of those in each round"
    );
    for (times_of, (name, _)) in times.iter().zip(contestants) {
        let (min, median) = spread(times_of.iter().copied());
        let ratios = times_of.iter().zip(&times[0]).map(|(time, first)| time / first);
        let (least, _) = spread(times[0].iter().copied());
        println!(
            "  {name:<32} min {min:>8.0}  median {median:>8.0}  ratio {:.2} (min), {:.2} (median)",
            min / least,
            spread(ratios).1
        );
    }
}

fn cache(name: &str, tier: impl Tier) -> Cache<u64, String> {
    Cache::builder().name(name.to_owned()).maxsize(1).tier(tier, 1).build()
}

fn hits(cache: &Cache<u64, String>) -> Texts<'_> {
    Box::new(|key| {
        cache.get_or_compute(key, || unreachable!("the tier has it"));
    })
}

fn main() -> Result<(), Box<dyn Error>> {
    let named = std::env::args().nth(1);
    if named.as_deref() != Some("disk") {
        measure_redis()?;
    }
    if named.as_deref() != Some("redis") {
        measure_disk()?;
    }
    Ok(())
}

fn measure_redis() -> Result<(), Box<dyn Error>> {
    let (_server, port) = start_server()?;
    let tier = redis::connect(format!("redis://127.0.0.1:{port}"))?.timeout(LONG).tier();
    let in_redis = cache("in Redis", tier.clone());
    (0..KEYS).for_each(|key| _ = in_redis.get_or_compute(key, || text(key)));
    assert!(tier.flush(LONG), "the server keeps what it is given");

    let mut bare = Bare::new(port)?;
    for key in 0..KEYS {
        let value = text(key);
        let (name, len) = (format!("bare:{key}"), value.len());
        bare.ask(&format!("*3\r\n$3\r\nSET\r\n$6\r\n{name}\r\n${len}\r\n{value}\r\n"));
    }
    let get = |key| format!("*2\r\n$3\r\nGET\r\n$6\r\nbare:{key}\r\n");
    let contestants: &mut [(&str, Texts<'_>)] = &mut [
        ("a GET by a bare socket", Box::new(|key| assert!(bare.ask(&get(key)) > 200))),
        ("a PING on the link of the tier", Box::new(|_| assert!(tier.flush(LONG)))),
        ("a hit in Redis", hits(&in_redis)),
    ];
    report("Redis", contestants);
    Ok(())
}

fn measure_disk() -> Result<(), Box<dyn Error>> {
    let directory = std::env::temp_dir().join(format!("memofn-bench-{}", std::process::id()));
    std::fs::create_dir_all(&directory)?;
    let on_disk = cache("on disk", disk::at(directory.join("tier.sqlite3")));
    (0..KEYS).for_each(|key| _ = on_disk.get_or_compute(key, || text(key)));
    assert!(memofn::flush(LONG), "the disk keeps what it is given");
    let bare = rusqlite::Connection::open(directory.join("bare.sqlite3"))?;
    bare.pragma_update(None, "journal_mode", "wal")?;
    bare.execute_batch("CREATE TABLE t (key BLOB PRIMARY KEY, value BLOB) WITHOUT ROWID")?;
    for key in 0..KEYS {
        let row = (key.to_le_bytes(), text(key).into_bytes());
        bare.execute("INSERT INTO t VALUES (?1, ?2)", row)?;
    }
    let mut select = bare.prepare("SELECT value FROM t WHERE key = ?1")?;
    let contestants: &mut [(&str, Texts<'_>)] = &mut [
        (
            "a bare SELECT, prepared",
            Box::new(|key| {
                let value = select.query_row([key.to_le_bytes()], |row| row.get::<_, Vec<u8>>(0));
                assert_eq!(value.map(|value| value.len()), Ok(200));
            }),
        ),
        ("a hit on disk", hits(&on_disk)),
    ];
    report("disk", contestants);
    let _ = std::fs::remove_dir_all(&directory);
    Ok(())
}
