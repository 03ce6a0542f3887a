//! A service on axum whose state owns the cache.
//!
//! ```text
//! cargo run --release --example app_state
//! ```
//!
//! The cache is a field of the state, so each service (and each test of it) has its own. It holds the
//! `User` of an `Ok`: errors are not stored. A change removes the entry.

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::routing::get;
use axum::{Router, serve};
use memofn::{Cache, memoize};
use std::collections::HashMap;
use std::error::Error;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::task::{JoinSet, spawn_blocking};
use tokio::time::sleep;

struct App {
    names: Mutex<HashMap<u32, String>>, // imagine a database
    queries: AtomicUsize,
    users: Cache<u32, Arc<str>>,
}

impl App {
    fn new() -> Self {
        let ttl = Duration::from_secs(60);
        Self {
            names: Mutex::new([(1, "Ada".into()), (2, "Grace".into())].into()),
            queries: AtomicUsize::new(0),
            // A cache with a name is in `memofn::report()`.
            users: Cache::builder().name("users").maxsize(1000).ttl(ttl).build(),
        }
    }

    /// A user, by a query at most once a minute. Requests at the same time share it.
    #[memoize(cache = self.users)]
    async fn user(&self, id: u32) -> Result<Arc<str>, StatusCode> {
        self.queries.fetch_add(1, Ordering::Relaxed);
        sleep(Duration::from_millis(20)).await;
        let names = self.names.lock().unwrap_or_else(PoisonError::into_inner);
        names.get(&id).map(|name| Arc::from(&**name)).ok_or(StatusCode::NOT_FOUND)
    }

    /// The entry goes after the change. A query that began before it is not stored.
    fn rename(&self, id: u32, name: String) {
        self.names.lock().unwrap_or_else(PoisonError::into_inner).insert(id, name);
        self.users.remove(&id);
    }
}

async fn show(State(app): State<Arc<App>>, Path(id): Path<u32>) -> Result<String, StatusCode> {
    app.user(id).await.map(|name| name.to_string())
}

async fn rename(State(app): State<Arc<App>>, Path(id): Path<u32>, name: String) {
    app.rename(id, name);
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let app = Arc::new(App::new());
    let routes = Router::new().route("/user/{id}", get(show).put(rename)).with_state(app.clone());
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    tokio::spawn(serve(listener, routes).into_future());

    let mut requests = JoinSet::new();
    for n in 0..20 {
        requests.spawn_blocking(move || request(address, 1 + n % 2));
    }
    while let Some(answer) = requests.join_next().await {
        let name = answer??;
        assert!(name == "Ada" || name == "Grace");
    }
    println!("20 requests: {} queries, {}", app.queries.load(Ordering::Relaxed), app.users.info());
    assert_eq!(app.queries.load(Ordering::Relaxed), 2);

    app.rename(1, "Ada Lovelace".to_owned());
    assert_eq!(spawn_blocking(move || request(address, 1)).await??, "Ada Lovelace");

    for _ in 0..2 {
        assert_eq!(app.user(3).await, Err(StatusCode::NOT_FOUND));
    }
    assert_eq!(app.queries.load(Ordering::Relaxed), 5, "an error is not stored");
    println!("{}", memofn::report());
    Ok(())
}

fn request(service: SocketAddr, user: u32) -> Result<String, ureq::Error> {
    let agent = ureq::Agent::config_builder().proxy(None).build().new_agent();
    agent.get(format!("http://{service}/user/{user}")).call()?.body_mut().read_to_string()
}
