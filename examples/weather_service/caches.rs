//! The program's caches, for a browser. The page `/caches` fetches `/caches.json` every second.

#[path = "history.rs"]
pub(crate) mod history;

use axum::extract::State;
use axum::http::header::CACHE_CONTROL;
use axum::response::{Html, IntoResponse};
use axum::routing::get;
use axum::{Json, Router};
use history::{History, PERIOD, SAMPLES, shared_caches};
use memofn::CacheStatus;
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;

/// The time of a call that is answered from the cache. The counters do not tell it, so the program measures it for the
/// caches it knows.
pub(crate) type HitTime = fn(&CacheStatus) -> Option<Duration>;

#[derive(Clone)]
struct Source {
    history: Arc<History>,
    hit_time: HitTime,
}

/// `/caches` and `/caches.json`.
pub(crate) fn routes(history: Arc<History>, hit_time: HitTime) -> Router {
    Router::new()
        .route("/caches", get(page))
        .route("/caches.json", get(report))
        .with_state(Source { history, hit_time })
}

async fn page() -> impl IntoResponse {
    Html(include_str!("caches.html"))
}

async fn report(State(source): State<Source>) -> impl IntoResponse {
    let caches: Vec<Value> = shared_caches().map(|cache| source.describe(&cache)).collect();
    let history = json!({ "seconds_between": PERIOD.as_secs_f64(), "samples": SAMPLES });
    let report = json!({ "caches": caches, "history": history });
    ([(CACHE_CONTROL, "no-store")], Json(report))
}

impl Source {
    fn describe(&self, cache: &CacheStatus) -> Value {
        let CacheStatus { parameters, info, .. } = cache;
        let seconds = |time: Option<Duration>| time.map(|time| time.as_secs_f64());
        json!({
            "name": cache.name(),
            "hits": info.hits,
            "misses": info.misses,
            "hit_ratio": info.hit_ratio(),
            "size": info.currsize,
            "maxsize": info.maxsize,
            "ttl_seconds": seconds(parameters.ttl),
            "coalesced": info.coalesced,
            "helped": info.helped,
            "evicted": info.evictions,
            "expired": info.expirations,
            "rejected": info.rejected,
            "outdated": info.outdated,
            "refreshes": info.refreshes,
            "stale": info.stale,
            "failures": info.failures,
            "bypassed": info.bypassed,
            "hit_seconds": seconds((self.hit_time)(cache)),
            "run_seconds": seconds(info.mean_run()),
            "saved_seconds": seconds(info.time_saved()),
            "hit_ratios": self.history.of(cache),
        })
    }
}
