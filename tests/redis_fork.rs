//! A process that forks while it uses Redis. Its child opens a connection of its own.
//!
//! This test has a process of its own, so that no other test holds a lock during the fork.
#![cfg(all(unix, feature = "redis"))]
#![allow(unsafe_code, reason = "a process is forked")]

mod common;

use common::finishes;
use common::redis_server::Server;
use memofn::Cache;
use memofn::redis::connect;
use memofn::tier::Tier;
use std::time::Duration;

const LONG: Duration = Duration::from_secs(60);

#[test]
fn a_child_has_a_connection_of_its_own() {
    let Some(server) = Server::start(&[]) else { return };
    finishes("calls of a cache above Redis", move || {
        let tier = connect(server.url()).expect("an address").timeout(LONG).tier();
        let cache: Cache<u64, u64> = Cache::builder().name("forks").tier(tier.clone(), 1).build();
        cache.get_or_compute(1, || 10);
        assert!(tier.flush(LONG));
        // SAFETY: the child uses the locks of the tier, which is at rest, and the allocator, which supports a fork.
        let child = unsafe { libc::fork() };
        if child == 0 {
            // SAFETY: it ends the process if it hangs.
            unsafe { libc::alarm(120) };
            let is_right = cache.get_or_compute(2, || 20) == 20 && tier.flush(LONG);
            // SAFETY: it ends the process without the exit handlers of the parent.
            unsafe {
                libc::_exit(i32::from(!is_right));
            }
        }
        assert!(child > 0, "a process can be forked");
        let mut status = 0;
        // SAFETY: the child is ours, and `status` is valid for writing.
        assert_eq!(unsafe { libc::waitpid(child, &raw mut status, 0) }, child);
        assert_eq!(status, 0, "the child has used the server");
        assert_eq!(server.count("*}"), 2);
        assert_eq!(cache.get_or_compute(3, || 30), 30);
        assert!(tier.flush(LONG), "the connection of the parent is whole");
        assert_eq!(server.count("*}"), 3);
    });
}
