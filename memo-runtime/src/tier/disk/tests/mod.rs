//! Tests of the tier on a file.

mod bounds;
mod damage;
mod order;
mod outages;
mod processes;

use crate::tests::watchdog::finishes;
use crate::tier::disk::disk_tier::DiskTier;
use crate::tier::disk::file;
use crate::tier::disk::queue::{Keep, RowKey};
use crate::tier::disk::shared::Settings;
use crate::tier::disk::{reader, sweep};
use crate::tier::record::Record;
use crate::tier::tier::{Answer, Asked, Forget, Function, Kept, Lease, Tier};
use crate::tier::wall;
use rusqlite::Connection;
use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
use std::sync::{Arc, Barrier};
use std::thread;
use std::time::{Duration, Instant};

const LONG: Duration = Duration::from_secs(100);

/// A directory of its own. It is removed when this is dropped.
pub(super) struct Directory(PathBuf);

impl Directory {
    pub(super) fn new() -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Relaxed);
        let name = format!("memofn-disk-{}-{number}", std::process::id());
        let path = std::env::temp_dir().join(name);
        fs::create_dir(&path).expect("a directory can be created");
        Self(path)
    }

    pub(super) fn path(&self) -> &Path {
        &self.0
    }

    fn file(&self) -> PathBuf {
        self.0.join("test.sqlite3")
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn call(name: &str, version: u64, digest: u128) -> Asked {
    let function = Arc::new(Function::new(name.to_owned(), version));
    Asked::new(function, Arc::from(digest.to_be_bytes()), digest)
}

fn f(digest: u128) -> Asked {
    call("f", 1, digest)
}

fn record(text: &str) -> Record {
    Record::from_bytes(text.as_bytes().to_vec())
}

fn settings() -> Settings {
    Settings { max_bytes: 256 << 20, touches_after: 0, ..Settings::default() }
}

fn tier(path: &Path) -> DiskTier {
    DiskTier::on(path.to_owned(), &settings())
}

fn keep(tier: &DiskTier, of: &Asked, text: &str) {
    assert_eq!(tier.keep(of, record(text), None).wait(), Kept::Stored, "{}", tier.status());
}

fn keep_with(tier: &DiskTier, of: &Asked, text: &str, ends: Option<u64>, tags: &[&str]) -> Kept {
    let tags = tags.iter().map(|&tag| tag.to_owned()).collect();
    let (row, began) = (RowKey::of(of), wall::now());
    tier.keep_until(Keep { row, record: record(text), ends, began, tags }, None)
}

fn lease(tier: &DiskTier, of: &Asked) -> Lease {
    match tier.ask(of).wait() {
        Answer::Yours(lease) => lease,
        answer => panic!("there is no record: {answer:?}, {}", tier.status()),
    }
}

/// The value that a tier has. It must not be away.
fn has(tier: &DiskTier, of: &Asked) -> Option<String> {
    match tier.ask(of).wait() {
        Answer::Hit(record) => Some(String::from_utf8_lossy(record.as_bytes()).into_owned()),
        Answer::Yours(_) => None,
        answer => panic!("{answer:?}, {}", tier.status()),
    }
}

fn flush(tier: &DiskTier) {
    assert!(tier.flush(LONG), "it is written: {}", tier.status());
}

/// Drops a tier, and waits until its connections are closed.
fn close(tier: DiskTier) {
    let mut shared = Arc::clone(tier.shared());
    drop(tier);
    let end = Instant::now() + LONG;
    while let Err(again) = Arc::try_unwrap(shared) {
        shared = again;
        assert!(Instant::now() < end, "the thread ends");
        thread::yield_now();
    }
}

/// Keeps others from writing the file until it is dropped.
fn hold(path: &Path) -> Connection {
    let holder = Connection::open(path).expect("it opens");
    holder.execute_batch("PRAGMA busy_timeout = 60000; BEGIN IMMEDIATE").expect("it is free");
    holder
}

/// Whether the tests take all steps and not a sample.
fn is_full() -> bool {
    std::env::var_os("MEMOFN_STRESS").is_some_and(|stress| stress == "full")
}

/// The texts of [`small`], by digest.
fn text(digest: u128) -> String {
    format!("record {digest} ").repeat(if digest % 5 == 0 { 500 } else { 5 })
}
