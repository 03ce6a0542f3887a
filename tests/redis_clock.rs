//! A Redis whose clock is set.
#![cfg(all(target_os = "linux", feature = "redis"))]

mod common;

use common::finishes;
use common::redis_links::{LONG, is_hit, keep, lease, painted_question, patient};
use common::redis_server::Server;
use memofn::tier::{Forget, Kept, Tier};
use std::process::Command;

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

#[test]
fn a_server_whose_clock_is_set_back_or_forward_forgets_and_keeps_as_before() {
    let directory = std::env::temp_dir().join(format!("memofn-clock-{}", std::process::id()));
    let file = |name: &str| directory.join(name);
    std::fs::create_dir_all(&directory).expect("a directory can be made");
    std::fs::write(file("clock.c"), CLOCK).expect("it is ours");
    std::fs::write(file("time"), "0").expect("it is ours");
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
    let Some(server) = Server::start_with(&[], variables) else { return };
    let time = file("time");
    finishes("calls above a server whose clock is set", move || {
        let red = painted_question(1, "red");
        let (one, other) = (patient(&server).tier(), patient(&server).tier());
        for (seconds, is_set) in
            [("0", false), ("3600", true), ("0", true), ("-86400", true), ("0", true)]
        {
            let now = || {
                let line = server.command(&["EVAL", "return tonumber(redis.call('TIME')[1])", "0"]);
                line.strip_prefix(':').and_then(|time| time.parse::<i64>().ok()).expect("a time")
            };
            let before = now();
            keep(&one, &red);
            let removed_during = lease(other.ask(&painted_question(2, "red").0).wait());
            std::fs::write(&time, seconds).expect("it is ours");
            assert_eq!((now() - before).abs() > 1_800, is_set, "{seconds}");
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
        drop(server);
    });
    let _ = std::fs::remove_dir_all(&directory);
}
