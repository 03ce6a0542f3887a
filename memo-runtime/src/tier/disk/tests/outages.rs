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

#[test]
fn a_flush_does_not_wait_for_a_place_that_cannot_be_created() {
    finishes("a flush of a place that cannot be created", || {
        let directory = Directory::new();
        fs::write(directory.path().join("file"), "").expect("it can be written");
        let tier = tier(&directory.path().join("file/test.sqlite3"));
        keep(&tier, &f(1), "one");
        for _ in 0..5 {
            assert!(!tier.flush(Duration::MAX));
        }
        tier.forget_all();
        assert!(tier.flush_or_error(Duration::MAX).is_err());
    });
}

/// A file system of its own, in memory. It is unmounted when this is dropped.
#[cfg(target_os = "linux")]
struct Mounted(Directory);

#[cfg(target_os = "linux")]
impl Mounted {
    /// `None` if this process may not mount, which is then said.
    fn new(options: &str) -> Option<Self> {
        let directory = Directory::new();
        if !mount(&["-t", "tmpfs", "-o", options, "tmpfs"], &directory) {
            eprintln!("skipped: only root can mount a file system");
            return None;
        }
        Some(Self(directory))
    }

    fn file(&self) -> PathBuf {
        self.0.file()
    }

    fn make_read_only(&self) {
        assert!(mount(&["-o", "remount,ro"], &self.0), "nobody writes there");
    }
}

#[cfg(target_os = "linux")]
impl Drop for Mounted {
    fn drop(&mut self) {
        // Lazily: a tier may be closing its file.
        let _ = Command::new("umount").arg("-l").arg(self.0.path()).status();
    }
}

#[cfg(target_os = "linux")]
fn mount(arguments: &[&str], at: &Directory) -> bool {
    let output = Command::new("mount").args(arguments).arg(at.path()).output();
    output.is_ok_and(|output| output.status.success())
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_is_called_full_and_what_is_there_answers() {
    finishes("a full disk", || {
        let Some(place) = Mounted::new("size=512k") else { return };
        let tier = tier(&place.file());
        keep(&tier, &f(1), "one");
        flush(&tier);
        let obstacle = place.file().with_extension("obstacle");
        // The last pages, too: a write of several pages ends at the first that has no room.
        let _ = fs::write(&obstacle, vec![0; 512 << 10]);
        let large = "x".repeat(40_000);
        keep(&tier, &f(2), &large);
        assert!(!tier.flush(Duration::MAX));
        assert!(tier.status().contains("full"), "{}", tier.status());
        assert_eq!(has(&tier, &f(1)).as_deref(), Some("one"));
        assert_eq!(has(&tier, &f(2)).as_deref(), Some(&*large), "from the queue");
        let other = super::tier(&place.file());
        assert_eq!(has(&other, &f(1)).as_deref(), Some("one"));
        close(other);
        fs::remove_file(&obstacle).expect("it can be removed");
        flush(&tier);
        close(tier);
        let tier = super::tier(&place.file());
        assert_eq!(has(&tier, &f(2)).as_deref(), Some(&*large));
        close(tier);
        fs::write(&obstacle, vec![0; 512 << 10]).expect_err("there is no room");
        // No file beside the file can be created.
        let tier = super::tier(&place.file());
        assert_eq!(has(&tier, &f(2)).as_deref(), Some(&*large));
        close(tier);
    });
}

#[cfg(target_os = "linux")]
#[test]
fn a_disk_that_is_full_from_the_beginning_is_called_full() {
    finishes("a full disk", || {
        let Some(place) = Mounted::new("size=64k") else { return };
        let _ = fs::write(place.file().with_extension("obstacle"), vec![0; 64 << 10]);
        let tier = tier(&place.file());
        keep(&tier, &f(1), "one");
        assert!(!tier.flush(Duration::MAX));
        assert!(tier.status().contains("full"), "{}", tier.status());
        assert!(!tier.status().contains("another process"), "{}", tier.status());
        close(tier);
    });
}

#[cfg(target_os = "linux")]
#[test]
fn a_read_only_file_answers_and_refuses() {
    finishes("a read-only file", || {
        let Some(place) = Mounted::new("size=4m") else { return };
        let one = tier(&place.file());
        keep(&one, &f(1), "one");
        flush(&one);
        close(one);
        place.make_read_only();
        let tier = tier(&place.file());
        assert_eq!(has(&tier, &f(1)).as_deref(), Some("one"));
        while tier.keep(&f(2), record("two"), None).wait() != Kept::Refused {
            thread::yield_now();
        }
        assert!(!tier.flush(Duration::MAX));
        assert!(tier.status().contains("reads only"), "{}", tier.status());
        assert!(tier.status().contains("read-only"), "{}", tier.status());
        tier.forget(Forget::Key(&f(1)));
        assert_eq!(has(&tier, &f(1)), None, "it is forgotten in this process");
        close(tier);
    });
}

#[cfg(target_os = "linux")]
#[test]
fn a_read_only_file_does_not_answer_without_its_journal() {
    finishes("a read-only file with a journal", || {
        let Some(place) = Mounted::new("size=4m") else { return };
        let directory = Directory::new();
        let one = tier(&directory.file());
        keep(&one, &f(1), "one");
        flush(&one);
        for suffix in ["", "-wal"] {
            let path = |file: PathBuf| file::with_suffix(&file, suffix);
            fs::copy(path(directory.file()), path(place.file())).expect("there is room");
        }
        close(one);
        place.make_read_only();
        // The journal cannot be read, and it may say that the record is gone.
        let tier = tier(&place.file());
        assert!(matches!(tier.ask(&f(1)).wait(), Answer::Away), "{}", tier.status());
        close(tier);
    });
}
