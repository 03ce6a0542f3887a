//! Several tiers and processes on one file.

use super::*;

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
    command.args([
        "--exact",
        "tier::disk::tests::processes::writes_until_it_is_killed",
        "--nocapture",
    ]);
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

#[test]
fn a_run_keeps_nothing_that_another_tier_has_forgotten_since_it_began() {
    finishes("forgotten by others", || {
        let directory = Directory::new();
        let (one, other) = (tier(&directory.file()), tier(&directory.file()));
        let keep_one = |digest, began| {
            let (row, tags) = (RowKey::of(&f(digest)), vec!["red".to_owned()]);
            let keep = Keep { row, record: record("one"), ends: None, began, tags };
            assert_eq!(one.keep_until(keep, None), Kept::Stored);
            flush(&one);
            has(&one, &f(digest))
        };
        let forgets: [(&str, &dyn Fn()); 4] = [
            ("key", &|| other.forget(Forget::Key(&f(1)))),
            ("function", &|| other.forget(Forget::Function(f(1).function()))),
            ("tag", &|| other.forget(Forget::Tag("red"))),
            ("all", &|| other.forget_all()),
        ];
        for (refused, (what, forget)) in forgets.into_iter().enumerate() {
            let began = wall::now();
            // The first removal finds no file. It is marked all the same.
            forget();
            flush(&other);
            assert_eq!(keep_one(1, began), None, "{what}");
            assert!(
                one.status().contains(&format!("{} forgotten", refused + 1)),
                "{}",
                one.status()
            );
            assert_eq!(keep_one(1, began + 60_000).as_deref(), Some("one"), "a later run: {what}");
        }
    });
}

#[test]
fn a_run_keeps_its_result_if_others_were_forgotten_or_the_removal_is_its_own() {
    let directory = Directory::new();
    let (one, other) = (tier(&directory.file()), tier(&directory.file()));
    let began = wall::now();
    other.forget(Forget::Key(&f(2)));
    other.forget(Forget::Tag("blue"));
    other.forget(Forget::Function(call("g", 1, 1).function()));
    flush(&other);
    // The order of its own operations is known to a tier by their numbers.
    one.forget(Forget::Key(&f(1)));
    flush(&one);
    let keep =
        Keep { row: RowKey::of(&f(1)), record: record("one"), ends: None, began, tags: vec![] };
    assert_eq!(one.keep_until(keep, None), Kept::Stored);
    flush(&one);
    assert_eq!(has(&other, &f(1)).as_deref(), Some("one"));
}
