//! The bounds of a file, and the records that go.

use super::*;
use std::sync::atomic::AtomicBool;

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
                let was = wall::now();
                while wall::now() == was {
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

#[test]
fn the_journal_is_bounded_while_others_read() {
    finishes("the journal", || {
        let directory = Directory::new();
        let max_bytes = 16 << 20;
        let one = DiskTier::on(directory.file(), &Settings { max_bytes, ..settings() });
        keep(&one, &f(0), "x");
        flush(&one);
        let is_over = AtomicBool::new(false);
        let journal = file::with_suffix(&directory.file(), "-wal");
        let size = |path: &Path| fs::metadata(path).map_or(0, |file| file.len());
        let mut largest = (0, 0);
        thread::scope(|scope| {
            for _ in 0..2 {
                scope.spawn(|| {
                    let reader = tier(&directory.file());
                    while !is_over.load(Relaxed) {
                        for digest in 0..100 {
                            drop(has(&reader, &f(digest)));
                        }
                    }
                });
            }
            let text = "x".repeat(100_000);
            for digest in 0..if is_full() { 20_000 } else { 1_000 } {
                keep(&one, &f(digest), &text);
                if digest % 50 == 0 {
                    flush(&one);
                    largest.0 = size(&directory.file()).max(largest.0);
                    largest.1 = size(&journal).max(largest.1);
                }
            }
            is_over.store(true, Relaxed);
        });
        one.forget_all();
        flush(&one);
        println!("the largest file and journal: {largest:?}, at the end {}", size(&journal));
        assert!(largest.0 < 2 * max_bytes, "{largest:?}");
        assert!(largest.1.max(size(&journal)) < 16 << 20, "{largest:?}");
    });
}
