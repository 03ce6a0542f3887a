//! How a call is written out around its body, in an expansion and in the methods of a cache.
//!
//! ```text
//! look-up ──► result                                 (inlined into the function; calls nothing of the runtime)
//!    └─ miss ──► step ──► result, or a run
//!                            └──► body ──► finish    (the run alone is on the stack while the body runs)
//! ```
//!
//! Both macros do the same. They differ in stack frames: `call_in_place!` stays in the frame of the function;
//! `call!` moves all that follows a miss to a frame of its own.

use crate::engine::hit::Miss;

/// A call whose body runs in the frame of the function.
///
/// The names in it have a prefix, because hygiene does not hide the user's constants: a pattern called like one is that
/// constant. A method of a reference is called on a reference, because a method of a trait in scope that takes `self`
/// would be found before it.
///
/// `$site` is a `CallSite`, a `LazyCallSite` or a `GivenCache`, `$enter` its look-up, and `$run` the call of the body. `$tags`
/// is a closure that makes the tags of the call. Only the step after a miss has it.
///
/// An unoptimised build gives each value its own room on the stack, and inlines nothing. So the look-up is a
/// function there, and only the answer and the run stay on the stack while the body runs.
#[doc(hidden)]
#[macro_export]
#[cfg(debug_assertions)]
macro_rules! __call_in_place {
    ($site:ident.$enter:ident($lookup:expr, $policy:expr)$(.tagged($tags:expr))?, $run:expr) => {{
        let mut __memofn_answer = $crate::__private::Answer::None;
        let __memofn_turn = $site.call(
            $crate::__with_tags!($lookup $(, $tags)?),
            $policy,
            &mut __memofn_answer,
        );
        if (&__memofn_turn).is_answered() {
            (&mut __memofn_answer).take()
        } else {
            __memofn_turn.finish($run)
        }
    }};
}

/// The same in an optimised build. The look-up is inlined into the function.
#[doc(hidden)]
#[macro_export]
#[cfg(not(debug_assertions))]
macro_rules! __call_in_place {
    ($site:ident.$enter:ident($lookup:expr, $policy:expr)$(.tagged($tags:expr))?, $run:expr) => {{
        let (__memofn_lookup, __memofn_policy) = ($lookup, $policy);
        let mut __memofn_answer = $crate::__private::Answer::None;
        match $site.$enter(&__memofn_lookup, &__memofn_policy, &mut __memofn_answer) {
            $crate::__private::Ok(()) => (&mut __memofn_answer).take(),
            $crate::__private::Err(__memofn_miss) => {
                let mut __memofn_answer = $crate::__private::Answer::None;
                let __memofn_turn = $site.step(
                    __memofn_miss,
                    $crate::__with_tags!(__memofn_lookup $(, $tags)?),
                    __memofn_policy,
                    &mut __memofn_answer,
                );
                if (&__memofn_turn).is_answered() {
                    (&mut __memofn_answer).take()
                } else {
                    __memofn_turn.finish($run)
                }
            }
        }
    }};
}

/// A look-up with tags, if the call has any.
#[doc(hidden)]
#[macro_export]
macro_rules! __with_tags {
    ($lookup:expr) => {
        $lookup
    };
    ($lookup:expr, $tags:expr) => {
        $crate::__private::tagged($lookup, $tags)
    };
}

/// A call whose look-up borrows from values that live no longer than the statement of the look-up.
#[doc(hidden)]
#[macro_export]
macro_rules! __call_at_once {
    ($site:ident.$enter:ident($lookup:expr, $policy:expr)$(.tagged($tags:expr))?, $run:expr) => {{
        let mut __memofn_answer = $crate::__private::Answer::None;
        let __memofn_turn = $site.call(
            $crate::__with_tags!($lookup $(, $tags)?),
            $policy,
            &mut __memofn_answer,
        );
        if __memofn_turn.is_answered() {
            __memofn_answer.take()
        } else {
            __memofn_turn.finish($run)
        }
    }};
}

/// A call whose function is nothing but the look-up. After a miss, the rest happens in a frame of its own: see
/// [`cold_call`](crate::call::in_place::cold_call).
#[doc(hidden)]
#[macro_export]
#[cfg(debug_assertions)]
macro_rules! __call {
    ($($call:tt)*) => {
        $crate::__private::call_in_place!($($call)*)
    };
}

/// The same in an optimised build.
///
/// `$lookup` stands here twice, because the closure moves what the look-up borrows. Each half has an answer of its own:
/// nothing else has its address, so a small one stays in a register.
#[doc(hidden)]
#[macro_export]
#[cfg(not(debug_assertions))]
macro_rules! __call {
    ($site:ident.$enter:ident($lookup:expr, $policy:expr)$(.tagged($tags:expr))?, $run:expr) => {{
        let __memofn_policy = $policy;
        let mut __memofn_answer = $crate::__private::Answer::None;
        let __memofn_looked = $site.$enter(&$lookup, &__memofn_policy, &mut __memofn_answer);
        match __memofn_looked {
            $crate::__private::Ok(()) => (&mut __memofn_answer).take(),
            $crate::__private::Err(__memofn_miss) => {
                $crate::__private::cold_call(__memofn_miss, move |__memofn_miss| {
                    let mut __memofn_answer = $crate::__private::Answer::None;
                    let __memofn_turn = $site.step(
                        __memofn_miss,
                        $crate::__with_tags!($lookup $(, $tags)?),
                        __memofn_policy,
                        &mut __memofn_answer,
                    );
                    if (&__memofn_turn).is_answered() {
                        (&mut __memofn_answer).take()
                    } else {
                        __memofn_turn.finish($run)
                    }
                })
            }
        }
    }};
}

/// Goes on after a miss, in a frame of its own. The function that calls it then often has no frame at all.
///
/// The miss is an argument and not a part of the closure, so that both fit into registers more often.
#[inline(never)]
pub fn cold_call<R>(miss: Miss, go_on: impl FnOnce(Miss) -> R) -> R {
    go_on(miss)
}
