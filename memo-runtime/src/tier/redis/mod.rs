//! Results that servers share, in Redis.
//!
//! A process has one connection. A thread writes to it and another one reads from it; no caller touches the socket. All
//! times are those of the server.
//!
//! ```no_run
//! # fn main() -> Result<(), memofn::redis::ConfigError> {
//! memofn::redis::connect("redis://cache.local/0")?.namespace("shop").timeout("100ms")?.start();
//! # Ok(())
//! # }
//! ```
//!
//! A server that is away, slow or wrong is never an error of a call: the body runs instead.
//!
//! A lease keeps two processes from running a body for one key at a time. It saves work and is not a lock: if the server
//! forgets it, or a process is stopped for longer than it lasts, two bodies run, and the later result is refused.
//!
//! It needs Redis 6 or later, or a server that speaks its protocol RESP3. A cluster is refused. A server that evicts keys
//! should have the policy `volatile-ttl` or `noeviction`: what marks a function or a tag as cleared lives longest, so that it
//! goes last.

mod breaker;
mod config;
mod connection;
mod doubtful;
mod followers;
mod frames;
mod greeting;
mod keys;
mod link;
mod redis_tier;
mod replies;
mod scripts;
mod setting;
mod slots;
mod state;
mod stream;
#[cfg(feature = "redis-tls")]
mod tls;

pub use config::{Coherence, ConfigError, Setup, connect};
pub use redis_tier::RedisTier;
pub(crate) use redis_tier::started;
pub use setting::Setting;
