//! Feature flags from a service, with a time to live.
//!
//! ```text
//! cargo run --release --example feature_flags
//! ```
//!
//! - A flag is asked for every thirty seconds at most, and can be overridden by hand.
//! - A flag that the service does not know is asked for again: `cache_if` does not store a `None`.
//! - A rollout depends on the user's `id` alone, so that is the key.
//! - `memofn::testing::Clock` moves the time. Nothing here sleeps.

use memofn::memoize;
use memofn::testing::Clock;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

static REQUESTS: AtomicU32 = AtomicU32::new(0);

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Stage {
    Production,
    Staging,
}

/// Whether a flag is on; `None` if there is no such flag.
#[memoize(maxsize = 1000, ttl = "30s", cache_if = Option::is_some)]
fn flag(stage: Stage, name: &str) -> Option<bool> {
    REQUESTS.fetch_add(1, Ordering::Relaxed); // imagine an HTTP request
    match (stage, name) {
        (_, "dark mode") => Some(true),
        (_, "new checkout") => Some(stage == Stage::Staging),
        _ => None,
    }
}

struct User {
    id: u64,
    name: String,
}

/// A tenth of the users sees it. The name counts for nothing, so it is neither hashed nor stored.
#[memoize(key = user.id, ttl = "1h")]
fn sees_new_search(user: &User) -> bool {
    println!("   decides for {}", user.name);
    user.id % 10 == 0
}

fn main() {
    let clock = Clock::stop();
    let requests = || REQUESTS.load(Ordering::Relaxed);

    for _ in 0..1000 {
        assert_eq!(flag(Stage::Production, "new checkout"), Some(false));
        assert_eq!(flag(Stage::Staging, "new checkout"), Some(true));
    }
    println!("2000 questions, {} requests: {}", requests(), flag::cache_info());
    assert_eq!(requests(), 2);

    clock.advance(Duration::from_secs(29));
    flag(Stage::Staging, "new checkout");
    assert_eq!(requests(), 2);
    clock.advance(Duration::from_secs(1));
    flag(Stage::Staging, "new checkout");
    assert_eq!(requests(), 3, "30 seconds are over");

    // Somebody turns it on by hand, for as long as the time to live.
    flag::cache_insert(Stage::Production, "new checkout", Some(true));
    assert_eq!(flag(Stage::Production, "new checkout"), Some(true));
    flag::cache_remove(Stage::Production, "new checkout");
    assert_eq!(flag(Stage::Production, "new checkout"), Some(false));
    assert_eq!(requests(), 4);

    for _ in 0..3 {
        assert_eq!(flag(Stage::Production, "new chekcout"), None);
    }
    assert_eq!(requests(), 7, "a `None` is not stored");

    for name in ["Ada", "Ada Lovelace"] {
        assert!(sees_new_search(&User { id: 20, name: name.to_owned() }));
    }
    assert_eq!(sees_new_search::cache_info().misses, 1);
    println!("{}", memofn::report());
}
