//! The options of a memoized function's caches, evaluated once for each cache.
//!
//! It must not know where the caches go.

use crate::base::sync;
use crate::cache::builder::CacheBuilder;
use crate::engine::listener::Listener;
use crate::engine::settings::Settings;
use crate::expand::bounds::shared::{CacheType, OfType};
use crate::store::cause::EvictionCause;
use std::any::TypeId;
use std::cell::RefCell;

/// Stands for the types of keys and values in the builder of an expansion.
///
/// The types may be known to the compiler alone, and the options are evaluated before they matter. One type for
/// all functions also means that the builder is compiled once.
#[derive(Debug)]
pub enum Untyped {}

/// Returns the options of a function's caches. It is user code.
pub(crate) type Options = fn() -> CacheBuilder<Untyped, Untyped>;

/// The options that need the types of keys and values.
impl CacheBuilder<Untyped, Untyped> {
    /// [`CacheBuilder::on_evict`] of a cache with keys and values of these types.
    #[doc(hidden)]
    pub fn on_evict_of<K: CacheType, V: CacheType>(
        self,
        _key: K,
        _value: V,
        listener: impl Fn(&K::Type, &V::Type, EvictionCause) + Send + Sync + 'static,
    ) -> Self {
        self.listener(Listener::new::<K::Type, V::Type>(listener))
    }
}

/// The type of the key that `key` returns. It does not call `key`.
pub fn type_by<A, K: CacheType>(_key: impl FnOnce(A) -> K) -> OfType<K::Type> {
    OfType::default()
}

sync::thread_local! {
    /// The caches whose options the thread is evaluating, the innermost last.
    static EVALUATED: RefCell<Vec<(usize, TypeId)>> = const { RefCell::new(Vec::new()) };
}

/// One evaluation under way.
struct Evaluation;

impl Drop for Evaluation {
    fn drop(&mut self) {
        let _ = EVALUATED.try_with(|evaluated| evaluated.borrow_mut().pop());
    }
}

/// Evaluates the options of the cache that belongs to this instance in the slot at this address.
///
/// # Panics
///
/// Panics if the options call the function: the call needs the cache that the options make.
pub(crate) fn evaluate(
    options: Options,
    function: &str,
    slot: usize,
    instance: TypeId,
) -> Settings {
    let cache = (slot, instance);
    let begin = |evaluated: &RefCell<Vec<_>>| {
        let mut evaluated = evaluated.borrow_mut();
        let is_new = !evaluated.contains(&cache);
        if is_new {
            evaluated.push(cache);
        }
        is_new
    };
    // The thread may be about to end.
    let Ok(is_new) = EVALUATED.try_with(begin) else { return options().into_settings() };
    assert!(is_new, "the options of `{function}` call `{function}`: its cache is made of them");
    let _evaluation = Evaluation;
    options().into_settings()
}
