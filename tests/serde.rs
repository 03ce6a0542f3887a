//! `Serialize` for what a program shows of its caches: feature `serde`.
#![cfg(feature = "serde")]

use memofn::testing::Clock;
use memofn::{Cache, CacheInfo, memoize};
use serde_json::{Value, json, to_value};
use std::time::Duration;

#[memoize(name = "doubled", maxsize = 2, ttl = "1m 500ms", patience = "5s", skip(clock))]
fn double(n: u64, clock: &Clock) -> u64 {
    clock.advance(Duration::from_millis(1500));
    n * 2
}

#[test]
fn the_state_of_a_cache_is_serialized_with_durations_in_seconds() {
    let clock = Clock::stop();
    (0..3).for_each(|_| assert_eq!(double(4, &clock), 8));
    let info = json!({
        "hits": 2, "misses": 1, "maxsize": 2, "currsize": 1, "coalesced": 0, "helped": 0, "evictions": 0,
        "expirations": 0, "rejected": 0, "outdated": 0, "bypassed": 0, "refreshes": 0, "refresh_failures": 0, "stale": 0, "failures": 0,
        "tier_hits": 0, "tier_misses": 0, "tier_errors": 0, "tier_waits": 0, "tier_refused": 0,
        "hit_ratio": 2.0 / 3.0, "mean_run": 1.5, "time_saved": 3.0,
    });
    let parameters = json!({
        "name": "doubled", "maxsize": 2, "ttl": 60.5, "ttl_by_value": false, "tti": null, "jitter": null, "err_ttl": null,
        "refresh_after": null, "refresh_part": null, "stale_if_error": null, "retry_after": null,
        "scope": "shared", "single_flight": true, "patience": 5.0,
    });
    assert_eq!(to_value(double::cache_info()).expect("plain data"), info);
    assert_eq!(to_value(double::cache_parameters()).expect("plain data"), parameters);
    let status = memofn::caches().find(|status| status.name() == "doubled").expect("it is listed");
    let expected = json!({ "parameters": parameters, "info": info, "tier": null });
    assert_eq!(to_value(&status).expect("plain data"), expected);
    let report = to_value(memofn::report()).expect("plain data");
    assert!(
        report["caches"].as_array().is_some_and(|caches| caches.contains(&expected)),
        "{report}"
    );
}

#[test]
fn what_is_not_known_or_has_no_limit_is_null() {
    let info = to_value(CacheInfo::default()).expect("plain data");
    for field in ["maxsize", "hit_ratio", "mean_run", "time_saved"] {
        assert_eq!(info[field], Value::Null, "{field}");
    }
    let cache: Cache<u8, u8> =
        Cache::builder().unbounded().ttl(Duration::MAX).unlimited_patience().build();
    let parameters = to_value(cache.parameters()).expect("plain data");
    assert_eq!((&parameters["ttl"], &parameters["maxsize"]), (&Value::Null, &Value::Null));
    assert!(parameters["patience"].as_f64().is_some_and(|seconds| seconds > 1e19));
    let default = to_value(Cache::<u8, u8>::new(1).parameters()).expect("plain data");
    assert_eq!((&default["ttl"], &default["patience"]), (&Value::Null, &Value::Null));
}
