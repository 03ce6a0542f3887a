//! Stands in for `#[memoize(maxsize = 128, ttl = "30m")]` on `client::temperature`, until the
//! attribute takes an `async fn`. It has the same shape, and forgets nothing.

use crate::client::{self, WeatherError};
use memofn::{Cache, CacheInfo, CacheParameters};
use std::collections::HashMap;
use std::sync::{Arc, LazyLock, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::OnceCell;

/// For the counters and the report.
static CACHE: LazyLock<Cache<String, f64>> = LazyLock::new(|| {
    let ttl = Duration::from_secs(30 * 60);
    Cache::<String, f64>::builder().ttl(ttl).name("weather_service::client::temperature").build()
});

static FLIGHTS: LazyLock<Mutex<HashMap<String, Arc<OnceCell<f64>>>>> =
    LazyLock::new(Mutex::default);

pub(crate) async fn temperature(city: &str) -> Result<f64, WeatherError> {
    let flight = {
        let mut flights = FLIGHTS.lock().unwrap_or_else(PoisonError::into_inner);
        flights.entry(city.to_owned()).or_default().clone()
    };
    let celsius = *flight.get_or_try_init(|| client::temperature(city)).await?;
    Ok(CACHE.get_or_compute(city.to_owned(), || celsius))
}

#[expect(non_camel_case_types, reason = "the controls have the function's name")]
pub(crate) struct temperature {}

impl temperature {
    pub(crate) fn cache_info() -> CacheInfo {
        CACHE.info()
    }

    pub(crate) fn cache_parameters() -> CacheParameters {
        CACHE.parameters()
    }

    pub(crate) fn cache_clear() {
        FLIGHTS.lock().unwrap_or_else(PoisonError::into_inner).clear();
        CACHE.clear();
    }

    pub(crate) async fn uncached(city: &str) -> Result<f64, WeatherError> {
        client::temperature(city).await
    }
}
