//! A Redis whose clock is set.
#![cfg(all(target_os = "linux", feature = "redis"))]

mod common;

use common::finishes;
use common::redis_links::{
    LONG, cache, is_hit, keep, lease, painted_question, patient, question, until,
};
use common::redis_server::Server;
use memofn::tier::{Forget, Kept, Tier};
use std::path::PathBuf;
use std::process::Command;
use std::thread;
use std::time::Duration;

/// The clock that a server looks at, which is wrong by the seconds in a file.
const CLOCK: &str = r#"
#include <fcntl.h>
#include <stdlib.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>
int gettimeofday(struct timeval *restrict time, void *restrict zone) {
    struct timespec now;
    char text[32] = {0};
    clock_gettime(CLOCK_REALTIME, &now);
    int file = open(getenv("MEMOFN_TEST_CLOCK"), O_RDONLY);
    if (file >= 0) {
        if (read(file, text, 31) < 0) text[0] = 0;
        close(file);
    }
    time->tv_sec = now.tv_sec + atol(text);
    time->tv_usec = now.tv_nsec / 1000;
    return 0;
}
"#;

/// Runs a test with a server, and with the file that sets its clock.
fn with_clock(name: &str, test: impl FnOnce(&Server, &Clock) + Send + 'static) {
    let directory = format!("memofn-clock-{}-{name}", std::process::id());
    let directory = std::env::temp_dir().join(directory);
    let file = |name: &str| directory.join(name);
    std::fs::create_dir_all(&directory).expect("a directory can be made");
    std::fs::write(file("clock.c"), CLOCK).expect("it is ours");
    let clock = Clock(file("time"));
    clock.write("0");
    let mut compiler = Command::new("cc");
    compiler.args(["-shared", "-fPIC", "-o"]).args([file("clock.so"), file("clock.c")]);
    if !compiler.status().is_ok_and(|status| status.success()) {
        println!("skipped: no clock can be made");
        return;
    }
    let variables = vec![
        ("LD_PRELOAD".to_owned(), file("clock.so")),
        ("MEMOFN_TEST_CLOCK".to_owned(), file("time")),
    ];
    if let Some(server) = Server::start_with(&[], variables) {
        finishes("calls above a server whose clock is set", move || test(&server, &clock));
    }
    let _ = std::fs::remove_dir_all(&directory);
}

/// The file that says how wrong the clock is.
struct Clock(PathBuf);

impl Clock {
    fn write(&self, seconds: &str) {
        std::fs::write(&self.0, seconds).expect("it is ours");
    }

    /// Sets the clock, and waits until the server has seen that.
    fn set(&self, server: &Server, seconds: &str) {
        let now = || {
            let line = server.command(&["EVAL", "return tonumber(redis.call('TIME')[1])", "0"]);
            line.strip_prefix(':').and_then(|time| time.parse::<i64>().ok()).expect("a time")
        };
        let before = std::fs::read_to_string(&self.0).expect("it is there");
        let time = now();
        self.write(seconds);
        // Valkey looks at its clock once in a while.
        until(|| before == seconds || (now() - time).abs() > 1_800);
    }
}

const STEPS: [&str; 5] = ["0", "3600", "0", "-86400", "0"];

#[test]
fn a_server_whose_clock_is_set_back_or_forward_forgets_and_keeps_as_before() {
    with_clock("forgets", |server, clock| {
        let red = painted_question(1, "red");
        let (one, other) = (patient(server).tier(), patient(server).tier());
        for seconds in STEPS {
            keep(&one, &red);
            let removed_during = lease(other.ask(&painted_question(2, "red").0).wait());
            clock.set(server, seconds);
            one.forget(Forget::Tag("color:red"));
            assert!(one.flush(LONG));
            assert!(!is_hit(&other, &red.0), "it was forgotten after it was kept: {seconds}");
            let second = painted_question(2, "red");
            let kept = other.keep(&second.0, second.1, Some(removed_during)).wait();
            assert_eq!(kept, Kept::Refused, "{seconds}");
            keep(&one, &red);
            assert!(is_hit(&other, &red.0), "it was kept after that: {seconds}");
            one.forget(Forget::Function(red.0.function()));
            assert!(one.flush(LONG));
            assert!(!is_hit(&other, &red.0), "{seconds}");
        }
    });
}

#[test]
fn a_server_whose_clock_is_set_loses_leases_at_most_and_no_value_is_wrong() {
    with_clock("leases", |server, clock| {
        let (one, other) = (patient(server).tier(), patient(server).tier());
        let (first, second) = (&cache("steps", &one), &cache("steps", &other));
        let (mut lost, mut kept) = (0, Vec::new());
        for (key, seconds) in (0..).zip(STEPS) {
            let refused = first.info().tier_refused;
            thread::scope(|scope| {
                let value = first.get_or_compute(key, || {
                    // The other one waits for this run.
                    scope.spawn(move || {
                        assert_eq!(second.get_or_compute(key, || 10 * key), 10 * key);
                    });
                    until(|| second.info().tier_waits > key);
                    clock.set(server, seconds);
                    10 * key
                });
                assert_eq!(value, 10 * key);
            });
            assert!(one.flush(LONG) && other.flush(LONG));
            lost += first.info().tier_refused - refused;
            kept.push(key);
            // The results that were kept before have stayed.
            for &key in &kept {
                let third = cache("steps", &one);
                assert_eq!(third.get_or_compute(key, || unreachable!("{key} is kept")), 10 * key);
            }
        }
        println!("{lost} of {} leases were lost", STEPS.len());
        for cache in [first, second] {
            assert_eq!(cache.info().tier_errors, 0);
        }
        assert!(!one.status().contains("away"), "{}", one.status());
    });
}

#[test]
fn nobody_waits_until_a_clock_that_was_set_back_ends_the_lease_of_a_process_that_died() {
    with_clock("dead", |server, clock| {
        let short = || patient(server).lease(Duration::from_millis(200)).tier();
        let (dead, alive) = (short(), short());
        let (asked, _) = question("dead", 1);
        lease(dead.ask(&asked).wait());
        drop(dead);
        clock.set(server, "-86400");
        let cache = cache("dead", &alive);
        assert_eq!(cache.get_or_compute(1, || 10), 10);
    });
}
