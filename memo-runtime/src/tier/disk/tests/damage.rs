//! Damaged files.

use super::*;

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
                        // A run that began in the millisecond of the damage keeps nothing.
                        let asked = wall::now();
                        while wall::now() <= asked {
                            thread::yield_now();
                        }
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
