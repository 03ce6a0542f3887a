//! What an engine is made of.

use crate::config::parameters::CacheParameters;
use crate::engine::listener::Listener;

/// The options of a cache: those that the user can see, and the closures.
#[derive(Debug, Clone)]
pub(crate) struct Setup {
    pub(crate) parameters: CacheParameters,
    /// Hears of each value that leaves.
    pub(crate) listener: Option<Listener>,
}
