//! The client of the upstream: what is memoized.

use axum::body::Body;
use axum::http::{StatusCode, Uri};
use http_body_util::BodyExt;
use hyper_util::client::legacy::Client as HttpClient;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use std::error::Error;
use std::fmt;
use std::net::SocketAddr;
use std::sync::{Arc, OnceLock};
use std::time::Duration;
use tokio::sync::Semaphore;
use tokio::time::timeout;

/// How long the upstream may take.
const PATIENCE: Duration = Duration::from_secs(30);

/// One client for the program.
static CLIENT: OnceLock<Client> = OnceLock::new();

struct Client {
    upstream: SocketAddr,
    http: HttpClient<HttpConnector, Body>,
    /// The pool opens a connection for every request that finds none idle; this bounds it.
    connections: Semaphore,
}

/// Says where the upstream is, and how many connections there may be at once.
pub(crate) fn connect_to(upstream: SocketAddr, connections: usize) {
    CLIENT.get_or_init(|| Client {
        upstream,
        http: HttpClient::builder(TokioExecutor::new()).build_http(),
        connections: Semaphore::new(connections),
    });
}

fn client() -> &'static Client {
    CLIENT.get().expect("`connect_to` was called")
}

/// Why there is no temperature.
///
/// It is `Clone`, so that callers who wait for the same request are given the same error.
#[derive(Debug, Clone)]
pub(crate) enum WeatherError {
    UnknownCity(String),
    Upstream(Arc<dyn Error + Send + Sync>),
    NotANumber(String),
}

impl fmt::Display for WeatherError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UnknownCity(city) => write!(f, "no city is called {city}"),
            Self::Upstream(_) => f.write_str("the weather service could not be asked"),
            Self::NotANumber(answer) => write!(f, "{answer:?} is not a temperature"),
        }
    }
}

impl Error for WeatherError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Upstream(error) => Some(&**error),
            Self::UnknownCity(_) | Self::NotANumber(_) => None,
        }
    }
}

impl WeatherError {
    fn upstream(error: impl Error + Send + Sync + 'static) -> Self {
        Self::Upstream(Arc::new(error))
    }
}

/// The temperature in a city, in °C. Costs a request at most every 30 minutes.
// In place of stand_in.rs: #[memoize(maxsize = 128, ttl = "30m")]
pub(crate) async fn temperature(city: &str) -> Result<f64, WeatherError> {
    let path = utf8_percent_encode(city, NON_ALPHANUMERIC);
    match get(&format!("http://{}/temperature/{path}", client().upstream)).await? {
        (StatusCode::NOT_FOUND, _) => Err(WeatherError::UnknownCity(city.to_owned())),
        (_, answer) => answer.parse().map_err(|_| WeatherError::NotANumber(answer)),
    }
}

/// An answer over HTTP: its status and its body.
pub(crate) async fn get(url: &str) -> Result<(StatusCode, String), WeatherError> {
    let url: Uri = url.parse().map_err(WeatherError::upstream)?;
    let _connection = client().connections.acquire().await.map_err(WeatherError::upstream)?;
    let answer = async {
        let response = client().http.get(url).await.map_err(WeatherError::upstream)?;
        let status = response.status();
        let body = response.into_body().collect().await.map_err(WeatherError::upstream)?;
        Ok((status, String::from_utf8_lossy(&body.to_bytes()).into_owned()))
    };
    timeout(PATIENCE, answer).await.map_err(WeatherError::upstream)?
}
