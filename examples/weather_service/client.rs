//! The client of the upstream. Its function [`temperature`] is memoized.

use crate::Failure;
use crate::connection::Connection;
use axum::http::StatusCode;
use memofn::memoize;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use std::error::Error;
use std::fmt;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;
use tokio::sync::Semaphore;
use tokio::time::timeout;

/// The longest time the upstream may take.
const PATIENCE: Duration = Duration::from_secs(30);

/// One client for the program.
static CLIENT: OnceLock<Client> = OnceLock::new();

/// The temperature in a city, in °C. It costs at most one request every 30 minutes.
#[memoize(maxsize = 128, ttl = "30m")]
pub(crate) async fn temperature(city: &str) -> Result<f64, WeatherError> {
    let client = CLIENT.get().expect("`connect_to` was called");
    let path = format!("/temperature/{}", utf8_percent_encode(city, NON_ALPHANUMERIC));
    match client.get(&path).await? {
        (StatusCode::NOT_FOUND, _) => Err(WeatherError::UnknownCity(city.to_owned())),
        (_, answer) => answer.parse().map_err(|_| WeatherError::NotANumber(answer)),
    }
}

/// Sets the address of the upstream and the largest number of connections to it.
pub(crate) fn connect_to(upstream: SocketAddr, connections: usize) {
    let (turns, idle) = (Semaphore::new(connections), Mutex::default());
    CLIENT.get_or_init(|| Client { upstream, turns, idle });
}

struct Client {
    upstream: SocketAddr,
    turns: Semaphore,
    idle: Mutex<Vec<Connection>>,
}

impl Client {
    async fn get(&self, path: &str) -> Result<(StatusCode, String), Failure> {
        let _turn = self.turns.acquire().await?;
        let idle = self.idle().pop();
        let answer = async {
            let mut connection = match idle {
                Some(connection) if connection.is_open() => connection,
                _ => Connection::open(self.upstream).await?,
            };
            let answer = connection.get(path).await?;
            self.idle().push(connection);
            Ok(answer)
        };
        timeout(PATIENCE, answer).await?
    }

    fn idle(&self) -> MutexGuard<'_, Vec<Connection>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The reason why there is no temperature.
///
/// It is `Clone`, so all callers that wait for the same request get the same error.
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

impl From<Failure> for WeatherError {
    fn from(error: Failure) -> Self {
        Self::Upstream(error.into())
    }
}
