//! Tests of the tier on a file.

use crate::tests::watchdog::finishes;
use crate::tier::disk::disk_tier::{DiskTier, Settings};
use crate::tier::disk::file;
use crate::tier::disk::queue::{Keep, RowKey};
use crate::tier::disk::{reader, sweep};
use crate::tier::record::Record;
use crate::tier::tier::{Answer, Asked, Forget, Function, Kept, Lease, Tier};
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
    tier.keep_until(Keep { row: RowKey::of(of), record: record(text), ends, tags }, None)
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

#[test]
fn a_kept_record_answers_also_in_another_tier_on_the_file() {
    let directory = Directory::new();
    let one = tier(&directory.file());
    let other = tier(&directory.file());
    assert_eq!(has(&other, &f(1)), None);
    keep(&one, &f(1), "one");
    assert_eq!(has(&one, &f(1)).as_deref(), Some("one"));
    flush(&one);
    assert_eq!(has(&one, &f(1)).as_deref(), Some("one"));
    assert_eq!(has(&other, &f(1)).as_deref(), Some("one"));
    keep(&one, &f(1), "two");
    flush(&one);
    assert_eq!(has(&other, &f(1)).as_deref(), Some("two"), "the later wins");
    for unlike in [f(2), call("f", 2, 1), call("g", 1, 1)] {
        assert_eq!(has(&other, &unlike), None);
    }
    close(one);
    close(other);
    assert_eq!(has(&tier(&directory.file()), &f(1)).as_deref(), Some("two"), "after a restart");
}

#[test]
fn a_question_creates_no_file() {
    let directory = Directory::new();
    let tier = tier(&directory.path().join("new/test.sqlite3"));
    assert_eq!(has(&tier, &f(1)), None);
    tier.forget(Forget::Key(&f(1)));
    flush(&tier);
    assert!(!directory.path().join("new").exists());
}

#[test]
fn what_is_forgotten_is_gone_in_order_with_what_is_kept() {
    finishes("forgets", || {
        let directory = Directory::new();
        let tier = tier(&directory.file());
        let other = DiskTier::on(directory.file(), &settings());
        // Once while all of it is queued, and once with each of it written.
        for writes in [false, true] {
            let step = || {
                if writes {
                    flush(&tier);
                }
            };
            keep(&tier, &f(0), "");
            flush(&tier);
            let held = (!writes).then(|| hold(&directory.file()));
            keep(&tier, &f(1), "one");
            keep(&tier, &f(2), "two");
            keep(&tier, &call("f", 2, 1), "version");
            keep(&tier, &call("g", 1, 1), "g");
            assert_eq!(keep_with(&tier, &f(3), "three", None, &["red", "blue"]), Kept::Stored);
            assert_eq!(keep_with(&tier, &call("g", 1, 2), "g two", None, &["red"]), Kept::Stored);
            step();
            tier.forget(Forget::Key(&f(1)));
            step();
            assert_eq!(has(&tier, &f(1)), None);
            assert_eq!(has(&tier, &f(2)).as_deref(), Some("two"));
            tier.forget(Forget::Tag("blue"));
            step();
            assert_eq!(has(&tier, &f(3)), None);
            assert_eq!(has(&tier, &call("g", 1, 2)).as_deref(), Some("g two"));
            tier.forget(Forget::Function(f(1).function()));
            keep(&tier, &f(1), "again");
            step();
            assert_eq!(has(&tier, &f(1)).as_deref(), Some("again"));
            assert_eq!(has(&tier, &f(2)), None);
            assert_eq!(has(&tier, &call("f", 2, 1)), None, "all versions");
            tier.forget(Forget::Tag("red"));
            assert_eq!(keep_with(&tier, &f(3), "red again", None, &["red"]), Kept::Stored);
            drop(held);
            flush(&tier);
            assert_eq!(has(&other, &f(1)).as_deref(), Some("again"));
            assert_eq!(has(&other, &f(3)).as_deref(), Some("red again"));
            assert_eq!(has(&other, &call("g", 1, 1)).as_deref(), Some("g"));
            assert_eq!(has(&other, &call("g", 1, 2)), None);
            tier.forget_all();
            assert_eq!(has(&tier, &call("g", 1, 1)), None);
        }
        flush(&tier);
        assert_eq!(tier.bytes(), 0);
    });
}

#[test]
fn what_is_queued_answers_before_it_is_written() {
    finishes("queued", || {
        let directory = Directory::new();
        let tier = tier(&directory.file());
        assert_eq!(keep_with(&tier, &f(1), "old", None, &["red"]), Kept::Stored);
        assert_eq!(keep_with(&tier, &f(2), "tagged", None, &["red"]), Kept::Stored);
        keep(&tier, &f(3), "kept");
        flush(&tier);
        let held = hold(&directory.file());
        keep(&tier, &f(1), "new");
        tier.forget(Forget::Key(&f(3)));
        assert_eq!(has(&tier, &f(1)).as_deref(), Some("new"));
        assert_eq!(has(&tier, &f(2)).as_deref(), Some("tagged"));
        assert_eq!(has(&tier, &f(3)), None);
        tier.forget(Forget::Tag("red"));
        assert_eq!(has(&tier, &f(1)).as_deref(), Some("new"), "the new one has no tag");
        assert_eq!(has(&tier, &f(2)), None, "its tag is in the file");
        let other = DiskTier::on(directory.file(), &settings());
        assert_eq!(has(&other, &f(1)).as_deref(), Some("old"), "it is not written");
        drop(held);
        flush(&tier);
        assert_eq!(has(&other, &f(1)).as_deref(), Some("new"));
    });
}

#[test]
fn a_keep_whose_lease_is_older_than_a_forget_is_refused() {
    let directory = Directory::new();
    let tier = tier(&directory.file());
    let forgets: [(&str, &dyn Fn()); 4] = [
        ("key", &|| tier.forget(Forget::Key(&f(1)))),
        ("function", &|| tier.forget(Forget::Function(f(1).function()))),
        ("tag", &|| tier.forget(Forget::Tag("red"))),
        ("all", &|| tier.forget_all()),
    ];
    let keep_one = |lease| {
        let tags = vec!["red".to_owned()];
        let keep = Keep { row: RowKey::of(&f(1)), record: record("one"), ends: None, tags };
        tier.keep_until(keep, lease)
    };
    for (what, forget) in forgets {
        for is_written in [false, true] {
            let lease = lease(&tier, &f(1));
            forget();
            if is_written {
                flush(&tier);
            }
            assert_eq!(keep_one(Some(lease)), Kept::Refused, "{what}");
            assert_eq!(has(&tier, &f(1)), None);
        }
        let lease = lease(&tier, &f(1));
        tier.forget(Forget::Key(&f(2)));
        tier.forget(Forget::Tag("blue"));
        assert_eq!(keep_one(Some(lease)), Kept::Stored, "others were forgotten");
        forget();
        assert_eq!(keep_one(None), Kept::Stored, "without a lease");
        forget();
    }
}

#[test]
fn the_bound_holds_and_the_least_recently_used_goes_first() {
    finishes("bound", || {
        let directory = Directory::new();
        let max_bytes = 200_000;
        let tier = DiskTier::on(directory.file(), &Settings { max_bytes, ..settings() });
        let text = "x".repeat(1700);
        keep(&tier, &f(0), &text);
        for digest in 1..=1000 {
            keep(&tier, &f(digest), &text);
            if digest % 20 == 0 {
                flush(&tier);
                let bytes = tier.bytes();
                assert!(bytes <= max_bytes && bytes > 0, "{bytes}");
                assert_eq!(has(&tier, &f(0)).as_deref(), Some(&*text), "in use: {digest}");
                flush(&tier);
                // Rows of one millisecond are of one age.
                let was = crate::tier::wall::now();
                while crate::tier::wall::now() == was {
                    thread::yield_now();
                }
            }
        }
        let left: Vec<_> = (1..=1000).filter(|&digest| has(&tier, &f(digest)).is_some()).collect();
        assert!(left.len() > 80 && left[0] > 850, "the last ones: {left:?}");
        let size = fs::metadata(directory.file()).expect("it is there").len();
        assert!(size < 2 * max_bytes, "the file has {size} bytes");
        // A smaller bound holds at once.
        tier.set_max_bytes(10_000);
        flush(&tier);
        assert!(tier.bytes() <= 10_000);
        assert_eq!(tier.keep(&f(1), record(&"x".repeat(10_000)), None).wait(), Kept::Failed);
    });
}

#[test]
fn a_file_shrinks_when_much_of_it_has_gone() {
    let directory = Directory::new();
    let tier = tier(&directory.file());
    for digest in 0..100 {
        keep(&tier, &f(digest), &"x".repeat(50_000));
    }
    flush(&tier);
    tier.forget_all();
    flush(&tier);
    for digest in 0..5 {
        keep(&tier, &f(digest), "x");
        flush(&tier);
    }
    close(tier);
    let size = fs::metadata(directory.file()).expect("it is there").len();
    assert!(size < 2_000_000, "the file has {size} bytes");
}

#[test]
fn a_full_queue_drops_and_counts() {
    finishes("full", || {
        let directory = Directory::new();
        let tier = DiskTier::on(directory.file(), &Settings { queue_bytes: 10_000, ..settings() });
        keep(&tier, &f(0), "x");
        flush(&tier);
        let held = hold(&directory.file());
        let text = "x".repeat(2000);
        let kept =
            (1..=10).filter(|&n| tier.keep(&f(n), record(&text), None).wait() == Kept::Stored);
        assert_eq!(kept.count(), 4);
        assert!(tier.status().contains("6 dropped"), "{}", tier.status());
        drop(held);
        flush(&tier);
        assert_eq!(has(&tier, &f(4)).as_deref(), Some(&*text));
        assert_eq!(has(&tier, &f(5)), None);
    });
}

#[test]
fn expired_rows_do_not_answer_and_go() {
    let directory = Directory::new();
    let tier = tier(&directory.file());
    let never_soon = Some(u64::MAX - 1);
    let held = {
        keep(&tier, &f(0), "x");
        flush(&tier);
        hold(&directory.file())
    };
    assert_eq!(keep_with(&tier, &f(1), "ends", Some(1), &[]), Kept::Stored);
    assert_eq!(keep_with(&tier, &f(2), "stays", never_soon, &[]), Kept::Stored);
    assert_eq!(has(&tier, &f(1)), None, "while it is queued");
    drop(held);
    flush(&tier);
    assert_eq!(has(&tier, &f(1)), None);
    assert_eq!(has(&tier, &f(2)).as_deref(), Some("stays"));
    assert_eq!(tier.check().expect("it can be read").records, 2);
}

#[test]
fn versions_that_are_not_used_any_more_go() {
    const DAY: u64 = 24 * 60 * 60 * 1000;
    let directory = Directory::new();
    let tier = tier(&directory.file());
    keep(&tier, &call("f", 1, 1), "old");
    keep(&tier, &call("g", 1, 1), "the only one");
    flush(&tier);
    close(tier);
    let path = directory.file();
    let mut connection = file::open(&path, &file::Turn::take(&path).expect("its turn"))
        .expect("it opens")
        .connection;
    connection.execute("UPDATE versions SET used = ?1", [1000]).expect("it is written");
    let sql = "INSERT INTO versions (function, version, used) VALUES ('f', 2, ?1)";
    connection.execute(sql, [2000]).expect("it is written");
    let count = |connection: &Connection| {
        let sql = "SELECT count(*) FROM records";
        connection.query_row(sql, [], |row| row.get::<_, i64>(0)).expect("it is read")
    };
    sweep::all(&mut connection, 29 * DAY).expect("it is swept");
    assert_eq!(count(&connection), 2);
    sweep::all(&mut connection, 31 * DAY).expect("it is swept");
    assert_eq!(count(&connection), 1);
    connection.execute("UPDATE memofn SET bytes = -5", []).expect("it is written");
    sweep::all(&mut connection, 31 * DAY).expect("it is swept");
    assert!(reader::bytes(&connection).expect("it is read") > 250, "it is counted anew");
}

#[test]
fn what_is_not_a_database_is_put_aside() {
    let directory = Directory::new();
    fs::write(directory.file(), "no database, but a text of a few words".repeat(100))
        .expect("written");
    let tier = tier(&directory.file());
    assert_eq!(has(&tier, &f(1)), None);
    keep(&tier, &f(1), "one");
    flush(&tier);
    assert_eq!(has(&tier, &f(1)).as_deref(), Some("one"));
    assert!(tier.status().contains("1 damaged files put aside"), "{}", tier.status());
    let [aside] = &file::damaged(&directory.file())[..] else { panic!("one file is aside") };
    assert!(fs::read_to_string(aside).expect("it is whole").starts_with("no database"));
}

#[test]
fn a_file_of_another_version_is_put_aside_and_that_of_another_program_is_left() {
    let directory = Directory::new();
    let one = tier(&directory.file());
    keep(&one, &f(1), "one");
    flush(&one);
    close(one);
    Connection::open(directory.file())
        .and_then(|connection| connection.pragma_update(None, "user_version", 7))
        .expect("it is written");
    assert_eq!(has(&tier(&directory.file()), &f(1)), None);
    assert_eq!(file::damaged(&directory.file()).len(), 1);
    let foreign = directory.path().join("foreign.db");
    let connection = Connection::open(&foreign).expect("it opens");
    connection.execute_batch("CREATE TABLE books (title)").expect("it is created");
    let one = tier(&foreign);
    for _ in 0..5 {
        assert!(matches!(one.ask(&f(1)).wait(), Answer::Away));
    }
    assert!(one.status().contains("another program"), "{}", one.status());
    connection.execute_batch("INSERT INTO books VALUES ('Emma')").expect("it is still that file");
    assert!(file::damaged(&foreign).is_empty());
}

#[test]
fn only_the_last_damaged_files_are_left() {
    let directory = Directory::new();
    for number in 0..6 {
        fs::write(directory.file(), format!("no database {number} ").repeat(100)).expect("written");
        let tier = tier(&directory.file());
        assert_eq!(has(&tier, &f(1)), None);
        close(tier);
    }
    let damaged = file::damaged(&directory.file());
    assert_eq!(damaged.len(), 3);
    assert!(fs::read_to_string(&damaged[2]).expect("it is whole").starts_with("no database 5"));
}

#[test]
fn a_file_that_cannot_be_created_leaves_calls_alone() {
    let directory = Directory::new();
    fs::write(directory.path().join("file"), "").expect("it can be written");
    let tier = tier(&directory.path().join("file/test.sqlite3"));
    for _ in 0..5 {
        assert!(matches!(tier.ask(&f(1)).wait(), Answer::Away));
    }
    assert!(tier.status().contains("away"), "{}", tier.status());
    finishes("failures", move || {
        while tier.keep(&f(1), record("one"), None).wait() != Kept::Failed {
            thread::yield_now();
        }
        assert!(!tier.flush(Duration::from_millis(1)));
        let empty = DiskTier::on(PathBuf::new(), &settings());
        assert_eq!(has(&empty, &f(1)), None, "there is no directory for it");
        assert_eq!(empty.keep(&f(1), record("one"), None).wait(), Kept::Stored);
        assert!(!empty.flush(Duration::from_millis(1)));
        // An outage keeps no thread of a tier that nobody has.
        close(tier);
        close(empty);
    });
}

#[test]
fn what_was_queued_during_an_outage_is_written_after_it() {
    finishes("outage", || {
        let directory = Directory::new();
        let obstacle = directory.path().join("file");
        fs::write(&obstacle, "").expect("it can be written");
        let tier = tier(&obstacle.join("test.sqlite3"));
        keep(&tier, &f(1), "one");
        keep(&tier, &f(2), "two");
        while tier.keep(&f(3), record("three"), None).wait() != Kept::Failed {
            thread::yield_now();
        }
        tier.forget(Forget::Key(&f(2)));
        assert_eq!(has(&tier, &f(1)).as_deref(), Some("one"), "from the queue");
        fs::remove_file(&obstacle).expect("it can be removed");
        flush(&tier);
        let other = DiskTier::on(obstacle.join("test.sqlite3"), &settings());
        assert_eq!(has(&other, &f(1)).as_deref(), Some("one"));
        assert_eq!(has(&other, &f(2)), None);
        assert_eq!(has(&other, &f(3)), None, "it was refused");
        keep(&tier, &f(3), "three");
        close(other);
        close(tier);
    });
}

#[cfg(unix)]
#[test]
fn the_directory_and_the_files_are_for_their_owner_alone() {
    use std::os::unix::fs::PermissionsExt;
    let directory = Directory::new();
    let inner = directory.path().join("a/b");
    let tier = tier(&inner.join("test.sqlite3"));
    keep(&tier, &f(1), "one");
    flush(&tier);
    let mode = |path: &Path| fs::metadata(path).expect("it is there").permissions().mode() & 0o777;
    assert_eq!(mode(&directory.path().join("a")), 0o700);
    assert_eq!(mode(&inner), 0o700);
    let files: Vec<_> = fs::read_dir(&inner).expect("it is there").flatten().collect();
    assert!(files.len() >= 3);
    for file in files {
        assert_eq!(mode(&file.path()), 0o600, "{file:?}");
    }
}

#[test]
fn a_file_that_was_removed_is_begun_anew() {
    for suffixes in [&["", "-wal", "-shm"][..], &[""], &["-lock", ""]] {
        let directory = Directory::new();
        let tier = tier(&directory.file());
        keep(&tier, &f(1), "one");
        flush(&tier);
        for suffix in suffixes {
            let _ = fs::remove_file(file::with_suffix(&directory.file(), suffix));
        }
        keep(&tier, &f(2), "two");
        flush(&tier);
        let other = DiskTier::on(directory.file(), &settings());
        assert_eq!(has(&other, &f(1)), None);
        assert_eq!(has(&other, &f(2)).as_deref(), Some("two"));
        assert!(!other.status().contains("aside"), "{}", other.status());
    }
}

#[test]
fn tiers_that_write_one_file_at_once_lose_nothing() {
    finishes("writers", || {
        let directory = Directory::new();
        let start = Barrier::new(2);
        thread::scope(|scope| {
            for writer in 0..2_u128 {
                let (start, directory) = (&start, &directory);
                scope.spawn(move || {
                    let tier = tier(&directory.file());
                    start.wait();
                    for number in 0..200 {
                        keep(&tier, &f(writer * 1000 + number), "x");
                        if number % 10 == 0 {
                            flush(&tier);
                        }
                    }
                    flush(&tier);
                    assert!(!tier.status().contains("error"), "{}", tier.status());
                });
            }
        });
        let tier = tier(&directory.file());
        for digest in (0..200).chain(1000..1200) {
            assert_eq!(has(&tier, &f(digest)).as_deref(), Some("x"), "{digest}");
        }
        assert_eq!(tier.check().expect("it can be read").records, 400);
        assert_eq!(tier.bytes(), 400 * (256 + 1 + 1));
    });
}

#[test]
fn a_damaged_file_is_put_aside_once_by_tiers_that_meet_it_at_once() {
    finishes("damaged", || {
        for _ in 0..10 {
            let directory = Directory::new();
            fs::write(directory.file(), "no database, but a text".repeat(100)).expect("written");
            let start = Barrier::new(4);
            thread::scope(|scope| {
                for number in 0..4 {
                    let (start, directory) = (&start, &directory);
                    scope.spawn(move || {
                        let tier = tier(&directory.file());
                        start.wait();
                        assert_eq!(has(&tier, &f(number)), None);
                        keep(&tier, &f(number), "x");
                        flush(&tier);
                    });
                }
            });
            assert_eq!(file::damaged(&directory.file()).len(), 1);
            let tier = tier(&directory.file());
            for number in 0..4 {
                assert_eq!(has(&tier, &f(number)).as_deref(), Some("x"), "no good file was lost");
            }
        }
    });
}

/// Whether the tests take all steps and not a sample.
fn is_full() -> bool {
    std::env::var_os("MEMOFN_STRESS").is_some_and(|stress| stress == "full")
}

/// The texts of [`small`], by digest.
fn text(digest: u128) -> String {
    format!("record {digest} ").repeat(if digest % 5 == 0 { 500 } else { 5 })
}

/// The bytes of a small file with some records.
fn small(directory: &Directory) -> Vec<u8> {
    let tier = tier(&directory.file());
    for digest in 0..20 {
        assert_eq!(keep_with(&tier, &f(digest), &text(digest), None, &["red"]), Kept::Stored);
    }
    flush(&tier);
    tier.forget(Forget::Key(&f(7)));
    flush(&tier);
    close(tier);
    fs::read(directory.file()).expect("it is there")
}

/// Uses a file with these bytes, in all ways. Each record is missing, right, or of other bytes, which its check would
/// catch. Afterwards the file works.
fn survives(bytes: &[u8], journal: &[u8], what: &str) {
    let directory = Directory::new();
    fs::write(directory.file(), bytes).expect("it can be written");
    if !journal.is_empty() {
        let path = file::with_suffix(&directory.file(), "-wal");
        fs::write(path, journal).expect("it can be written");
    }
    let one = tier(&directory.file());
    for digest in 0..20 {
        match one.ask(&f(digest)).wait() {
            Answer::Hit(record) => drop(record),
            Answer::Yours(_) => {}
            answer => panic!("{what}: {answer:?}, {}", one.status()),
        }
    }
    let _ = one.check();
    one.forget(Forget::Tag("red"));
    for digest in 0..30 {
        keep(&one, &f(digest), "new");
    }
    assert!(one.flush(LONG), "{what}: {}", one.status());
    one.set_max_bytes(2000);
    assert!(one.flush(LONG), "{what}: {}", one.status());
    one.set_max_bytes(1 << 20);
    close(one);
    let one = tier(&directory.file());
    let (mut tries, mut right) = (0, None);
    // Damage that shows only now costs the file once more.
    while right.as_deref() != Some("new") {
        tries += 1;
        assert!(tries < 4, "{what}: {}", one.status());
        keep(&one, &f(50), "new");
        assert!(one.flush(LONG), "{what}: {}", one.status());
        right = has(&one, &f(50));
    }
    close(one);
}

#[test]
fn a_cut_file_costs_records_and_nothing_else() {
    finishes("cut", || {
        let directory = Directory::new();
        let bytes = small(&directory);
        for end in (0..bytes.len()).step_by(512) {
            survives(&bytes[..end], &[], &format!("cut at {end} of {}", bytes.len()));
        }
    });
}

#[test]
fn flipped_bytes_cost_records_and_nothing_else() {
    finishes("flipped", || {
        let directory = Directory::new();
        let bytes = small(&directory);
        // The header and the schema with each byte, and a sample of the rest.
        let rest = (100..bytes.len()).step_by(if is_full() { 61 } else { 797 });
        for place in (0..100).chain(rest) {
            for mask in [0x01, 0xff] {
                let mut bytes = bytes.clone();
                bytes[place] ^= mask;
                survives(&bytes, &[], &format!("byte {place} of {}, mask {mask}", bytes.len()));
            }
        }
    });
}

#[test]
fn a_damaged_journal_costs_records_and_nothing_else() {
    finishes("journal", || {
        let directory = Directory::new();
        let tier = tier(&directory.file());
        for digest in 0..20 {
            keep(&tier, &f(digest), &text(digest));
            flush(&tier);
        }
        let bytes = fs::read(directory.file()).expect("it is there");
        let path = file::with_suffix(&directory.file(), "-wal");
        let journal = fs::read(path).expect("it is there");
        for place in (0..journal.len()).step_by(if is_full() { 211 } else { 4099 }) {
            survives(&bytes, &journal[..place], &format!("journal cut at {place}"));
            let mut journal = journal.clone();
            journal[place] ^= 0xff;
            survives(&bytes, &journal, &format!("byte {place} of the journal"));
        }
        // That of another file.
        let other = small(&Directory::new());
        survives(&other, &journal, "the journal of another file");
    });
}

/// Not a test, but the process that the next test kills.
#[test]
fn writes_until_it_is_killed() {
    let Some(path) = std::env::var_os("MEMOFN_TEST_WRITES") else { return };
    let tier = tier(Path::new(&path));
    // It ends by itself if the test does not kill it.
    let end = Instant::now() + LONG;
    for number in 0.. {
        let digest = number % 50;
        if let Answer::Hit(record) = tier.ask(&f(digest)).wait() {
            assert_eq!(record.as_bytes(), text(digest).as_bytes(), "a wrong value");
        }
        keep(&tier, &f(digest), &text(digest));
        if number % 7 == 0 {
            flush(&tier);
        }
        if number == 20 {
            println!("\nwrites");
        }
        if Instant::now() > end {
            return;
        }
    }
}

/// A process that writes a file.
fn writing(path: &Path) -> Child {
    let mut command = Command::new(std::env::current_exe().expect("it has a path"));
    command.args(["--exact", "tier::disk::tests::writes_until_it_is_killed", "--nocapture"]);
    command.env("MEMOFN_TEST_WRITES", path).stdout(Stdio::piped());
    command.spawn().expect("a process can be started")
}

/// Waits until the process has written a little. Returns whether it has.
fn writes(child: &mut Child) -> bool {
    let lines = BufReader::new(child.stdout.take().expect("it is piped")).lines();
    lines.map_while(Result::ok).any(|line| line == "writes")
}

#[test]
fn a_process_that_is_killed_while_it_writes_costs_nothing() {
    let directory = Directory::new();
    let path = directory.file();
    for round in 0..if is_full() { 1000 } else { 20 } {
        let mut children = [writing(&path), writing(&path)];
        // In some rounds one is killed while it starts.
        for child in children.iter_mut().skip(usize::from(round % 3 == 0)) {
            assert!(writes(child), "round {round}: a process has failed");
        }
        for child in &mut children {
            assert!(
                child.try_wait().expect("it is known").is_none(),
                "round {round}: one has failed"
            );
            child.kill().expect("it runs");
            child.wait().expect("it ends");
        }
        let tier = tier(&path);
        for digest in 0..20 {
            let had = has(&tier, &f(digest));
            assert!(had.is_none_or(|had| had == text(digest)), "round {round}");
        }
        keep(&tier, &f(50 + round), "x");
        flush(&tier);
        assert!(!tier.status().contains("aside"), "{}", tier.status());
        assert!(!tier.status().contains("error"), "{}", tier.status());
    }
    let tier = tier(&path);
    assert_eq!(has(&tier, &f(50)).as_deref(), Some("x"), "what was flushed is there");
}

#[test]
fn processes_that_meet_a_damaged_file_at_once_put_it_aside_once() {
    for round in 0..if is_full() { 100 } else { 3 } {
        let directory = Directory::new();
        let path = directory.file();
        fs::write(&path, "no database, but a text".repeat(100)).expect("written");
        let mut children = [writing(&path), writing(&path), writing(&path)];
        for child in &mut children {
            assert!(writes(child), "round {round}: a process has failed");
        }
        for child in &mut children {
            child.kill().expect("it runs");
            child.wait().expect("it ends");
        }
        assert_eq!(file::damaged(&path).len(), 1, "round {round}");
        let tier = tier(&path);
        for digest in 0..7 {
            assert_eq!(has(&tier, &f(digest)), Some(text(digest)), "round {round}");
        }
        close(tier);
    }
}

#[test]
fn many_threads_read_with_few_connections() {
    finishes("readers", || {
        let directory = Directory::new();
        let tier = tier(&directory.file());
        for digest in 0..64 {
            keep(&tier, &f(digest), &text(digest));
        }
        flush(&tier);
        let start = Barrier::new(64);
        thread::scope(|scope| {
            for digest in 0..64 {
                let (start, tier) = (&start, &tier);
                scope.spawn(move || {
                    start.wait();
                    for _ in 0..20 {
                        assert_eq!(has(tier, &f(digest)), Some(text(digest)));
                    }
                });
            }
        });
        assert!(!tier.status().contains("error"), "{}", tier.status());
    });
}

#[cfg(target_os = "linux")]
#[test]
fn a_tier_is_away_in_a_forked_child() {
    #![expect(unsafe_code, reason = "a process is forked")]
    let directory = Directory::new();
    let tier = tier(&directory.file());
    keep(&tier, &f(1), "one");
    flush(&tier);
    // SAFETY: the child takes no lock of the tier, and ends without the exit handlers of the parent.
    let child = unsafe { libc::fork() };
    if child == 0 {
        let is_away = matches!(tier.ask(&f(1)).wait(), Answer::Away)
            && tier.keep(&f(1), record("two"), None).wait() == Kept::Failed
            && !tier.flush(Duration::ZERO);
        tier.forget(Forget::Key(&f(1)));
        // SAFETY: as above.
        unsafe { libc::_exit(i32::from(!is_away)) };
    }
    let mut status = 0;
    // SAFETY: the child is ours, and `status` is valid for writing.
    assert_eq!(unsafe { libc::waitpid(child, &raw mut status, 0) }, child);
    assert_eq!(status, 0, "it is away");
    assert_eq!(has(&tier, &f(1)).as_deref(), Some("one"), "the parent goes on");
}
