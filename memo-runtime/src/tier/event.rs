//! Events of tiers, which a program may want to log.

use crate::base::catch_panic::catch_panic;
use std::sync::{PoisonError, RwLock};

/// Something that happened to a tier. It is told once, not for each call.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum TierEvent {
    /// A tier does not answer, or keeps nothing. Calls run their bodies meanwhile.
    Away {
        /// Its [status](crate::tier::Tier::status), which says why.
        status: String,
    },
    /// It answers again.
    Back {
        /// Its [status](crate::tier::Tier::status).
        status: String,
    },
}

static HOOK: RwLock<Option<fn(&TierEvent)>> = RwLock::new(None);

/// Has a function called when a tier goes away or comes back, in place of an earlier one. It is called by a thread of the tier,
/// which it should not keep for long. That a cache has a tier and no name is told by the call that is the first to ask.
///
/// ```
/// memofn::on_tier_event(|event| eprintln!("{event:?}"));
/// ```
pub fn on_tier_event(hook: fn(&TierEvent)) {
    *HOOK.write().unwrap_or_else(PoisonError::into_inner) = Some(hook);
}

pub(crate) fn tell(event: &TierEvent) {
    let hook = *HOOK.read().unwrap_or_else(PoisonError::into_inner);
    if let Some(hook) = hook {
        catch_panic(|| hook(event));
    }
}
