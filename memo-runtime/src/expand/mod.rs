//! The functions and types that the expansions of `#[memoize]` use. This room changes with the macro, without notice.
//!
//! It knows where the caches of functions live, and checks the bounds on keys and values. It must not know the
//! protocol. From the top down: an expansion makes a site (`static_site`) of its slot (`slot`, `thread_slot`), and
//! calls through a call site (`call_site`) of it; the slot holds one cache for each instantiation (`instances`), made
//! from the function's options (`options`). A call with tags has a look-up that makes them (`tagged`).
//! The controls are generic functions (`shared_controls`), or functions that macros write (`companion`).

pub(crate) mod bounds;
pub(crate) mod call_site;
pub(crate) mod companion;
pub(crate) mod controls;
pub(crate) mod copied;
pub(crate) mod instances;
pub(crate) mod options;
pub(crate) mod shared_controls;
pub(crate) mod slot;
pub(crate) mod static_site;
pub(crate) mod tagged;
pub(crate) mod thread_slot;
#[cfg(feature = "tier")]
pub(crate) mod tiers;
pub(crate) mod versions;
