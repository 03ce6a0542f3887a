//! How the body runs in the background: with arguments made from the key of a stored value.
//!
//! ```text
//! CacheBuilder::new().name(..).refresh_after(..).renew_by(
//!     renews::<String, Result<f64, WeatherError>, _>(kind!(..), |renewal| {
//!         on_own_threads(renewal_job(renewal, policy(kind!(..)), |key| {
//!             <temperature>::uncached(lend::<PointerTo<Plain>, &str>(key))
//!         }));
//!     }),
//! )
//!
//! // An async function, with `refresh_on = tokio::spawn`:
//!     |renewal| {
//!         let Some(renewal) = renewal.take() else { return };
//!         let _ = tokio::spawn(async move {
//!             if let Some((key, run)) = renewal.start(policy(kind!(..))) {
//!                 run.drive(<temperature>::uncached(lend::<PointerTo<Plain>, &str>(key.get()))).await
//!             }
//!         });
//!     }
//!
//! // With `refresh_on = |run| pool().execute(run)`:
//!         hand_to(renewal_job(..), |run| pool().execute(run));
//! ```

use super::key::nested;
use super::names::hygienic;
use super::shared;
use crate::analyze::model::Model;
use crate::tokens::rewrite::respanned;
use proc_macro2::{Span, TokenStream};
use quote::{ToTokens, quote, quote_spanned};
use syn::Expr;
use syn::spanned::Spanned as _;

/// The call of the builder that says how a body runs in the background, if one does.
pub(super) fn builder_call(model: &Model) -> Option<TokenStream> {
    if !model.options.renews_in_background() {
        return None;
    }
    let Model { runtime: p, result, .. } = model;
    let (renewal, run, key) = (hygienic("renewal"), hygienic("run"), hygienic("key"));
    let kind = model.result_kind();
    // The type of a method's shared function has the lifetimes of the impl block, and a run is `'static`.
    let in_module = model.context.is_module();
    let policy = if in_module { shared::policy(model) } else { model.result_policy() };
    let key_type = nested(model.key_types()?);
    let spawn = model.options.refresh_on();
    // Errors about the run point at the function that takes it.
    let at = spawn.map_or_else(Span::call_site, |it| Span::call_site().located_at(it.span()));
    let here = respanned(&p.to_token_stream(), at);
    // A path is called as the program would call it: then a mistake is one error. A closure goes through `hand_to`, which
    // tells the compiler the type of its argument.
    let hand_to_it = |handed: TokenStream| match spawn {
        None => quote!(#p::on_own_threads(#handed);),
        Some(closure @ Expr::Closure(_)) => quote_spanned!(at=> #here::hand_to(#handed, #closure);),
        Some(path) => quote_spanned!(at=> let _ = #path(#handed);),
    };
    let handing = if model.is_async() {
        let body = model.call_original_with(&model.lent_arguments(quote!(#key.get())));
        let inside = quote! {
            if let #p::Some((#key, #run)) = #renewal.start(#policy) {
                #run.drive(#body).await
            }
        };
        let handing = hand_to_it(quote_spanned!(at=> async move { #inside }));
        quote! {
            let #p::Some(#renewal) = #renewal.take() else { return };
            #handing
        }
    } else {
        let body = model.call_original_with(&model.lent_arguments(key.to_token_stream()));
        let body = quote!(|#key| #body);
        hand_to_it(quote_spanned!(at=> #here::renewal_job(#renewal, #policy, #body)))
    };
    Some(quote! {
        .renew_by(#p::renews::<#key_type, #result, _>(#kind, |#renewal| { #handing }))
    })
}
