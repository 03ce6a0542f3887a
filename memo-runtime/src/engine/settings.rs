//! All that a cache is made of.

use crate::base::of_value::OfValue;
use crate::config::parameters::CacheParameters;
use crate::engine::below::Below;
use crate::engine::listener::Listener;
use std::sync::Arc;
use std::time::Duration;

/// The parameters, which anybody may read, and the functions of the program.
#[derive(Debug, Clone)]
pub(crate) struct Settings {
    pub(crate) parameters: CacheParameters,
    pub(crate) functions: Functions,
    /// Hears of each value that leaves.
    pub(crate) listener: Option<Listener>,
    /// Is asked before a body runs.
    pub(crate) below: Option<Arc<dyn Below>>,
    /// Keys and values are known to be `Copy`.
    pub(crate) are_copy: bool,
}

/// Functions of the values in the cache. They are user code.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Functions {
    /// How long a value answers.
    pub(crate) ttl: Option<OfValue<Duration>>,
    /// Whether a value is an error, which has a time to live of its own.
    pub(crate) is_error: Option<OfValue<bool>>,
    /// Has a body run in the background. Its argument is a run that is about to be handed over.
    pub(crate) renew: Option<OfValue<()>>,
}
