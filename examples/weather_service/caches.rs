//! The counters of the program's caches, for a browser. The page `/caches` fetches `/caches.json`
//! every second.

use axum::http::header::CACHE_CONTROL;
use axum::response::{Html, IntoResponse};
use axum::routing::get;
use axum::{Json, Router};
use memofn::CacheStatus;
use serde_json::{Value, json};

/// `/caches` and `/caches.json`.
pub(crate) fn routes() -> Router {
    Router::new().route("/caches", get(page)).route("/caches.json", get(report))
}

async fn page() -> impl IntoResponse {
    Html(include_str!("caches.html"))
}

/// All shared caches of the process. Caches of single threads are left out: `memofn::caches()` lists
/// only those of the calling thread, and any worker may answer the request.
async fn report() -> impl IntoResponse {
    let shared = memofn::caches().filter(|cache| cache.parameters.scope == "shared");
    let caches: Vec<Value> = shared.map(|cache| row(&cache)).collect();
    ([(CACHE_CONTROL, "no-store")], Json(json!({ "caches": caches })))
}

fn row(cache: &CacheStatus) -> Value {
    let CacheStatus { parameters, info, .. } = cache;
    json!({
        "name": cache.name(),
        "hits": info.hits,
        "misses": info.misses,
        "hit_ratio": info.hit_ratio(),
        "size": info.currsize,
        "maxsize": info.maxsize,
        "ttl_seconds": parameters.ttl.map(|ttl| ttl.as_secs_f64()),
        "coalesced": info.coalesced,
        "helped": info.helped,
        "evicted": info.evictions,
        "expired": info.expirations,
        "rejected": info.rejected,
        "outdated": info.outdated,
    })
}
