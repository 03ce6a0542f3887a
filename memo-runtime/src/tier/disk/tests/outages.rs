//! A file that cannot be written, or is not there.

use super::*;

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
