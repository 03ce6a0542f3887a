//! How a value becomes bytes and comes back. Placeholder.

/// Turns values into bytes and back, for a tier.
#[diagnostic::on_unimplemented(
    message = "a tier cannot keep values of type `{V}`",
    label = "it needs `serde::Serialize` and `serde::de::DeserializeOwned`",
    note = "derive `serde::Serialize` and `serde::Deserialize`, or give `codec = ..`"
)]
pub trait Codec<V>: Send + Sync + 'static {
    /// Writes a value. `None` if it cannot be kept: it is returned, and counted.
    fn encode(&self, value: &V) -> Option<Vec<u8>>;
    /// Reads a value. `None` if these are not the bytes of one.
    fn decode(&self, bytes: &[u8]) -> Option<V>;
    /// A digest of the shape of this very value: the names and kinds of its fields and variants. A record whose value has
    /// another shape after it is decoded does not answer.
    fn shape(&self, value: &V) -> u64 {
        let _ = value;
        0
    }
}

/// The codec by `serde` and `postcard`.
#[derive(Debug, Clone, Copy)]
pub struct Postcard;

/// A key that a tier can tell from others.
#[diagnostic::on_unimplemented(
    message = "a tier cannot keep results under keys of type `{Self}`",
    label = "it needs `serde::Serialize`",
    note = "derive `serde::Serialize`, leave the argument out with `skip(..)`, or give `key = ..`"
)]
pub trait KeptKey: std::hash::Hash + serde::Serialize {}

impl<K: std::hash::Hash + serde::Serialize> KeptKey for K {}
