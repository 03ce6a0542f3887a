//! How the body runs in the background: with arguments made from the key of a stored value.
//!
//! ```text
//! CacheBuilder::new().name(..).refresh_after(..).renew_by(
//!     renews::<String, Result<f64, WeatherError>, _>(kind!(..), |renewal| {
//!         hand_to(
//!             renewal_job(renewal, policy(kind!(..)), |key| {
//!                 <temperature>::uncached(lend::<PointerTo<Plain>, _>(key))
//!             }),
//!             on_own_threads,
//!         );
//!     }),
//! )
//!
//! // Of an async function, with `refresh_on = tokio::spawn`:
//!     |renewal| {
//!         let Some(renewal) = renewal.take() else { return };
//!         let run = async move {
//!             let (key, run) = renewal.start(policy(kind!(..)));
//!             run.drive(<temperature>::uncached(lend::<PointerTo<Plain>, _>(key.get()))).await
//!         };
//!         hand_to(run, tokio::spawn);
//!     }
//! ```

use super::key::nested;
use super::names::hygienic;
use crate::analyze::model::Model;
use proc_macro2::TokenStream;
use quote::{ToTokens, quote};

/// The call of the builder that says how a body runs in the background, if one does.
pub(super) fn builder_call(model: &Model) -> Option<TokenStream> {
    if !model.options.renews_in_background() {
        return None;
    }
    let Model { runtime: p, result, .. } = model;
    let (renewal, run, key) = (hygienic("renewal"), hygienic("run"), hygienic("key"));
    let (kind, policy) = (model.result_kind(), model.result_policy());
    let key_type = nested(model.key_types()?);
    let spawn = model.options.refresh_on().map(ToTokens::to_token_stream);
    let spawn = spawn.unwrap_or_else(|| quote!(#p::on_own_threads));
    let handing = if model.is_async() {
        let body = model.call_original_with(&model.lent_arguments(quote!(#key.get())));
        quote! {
            let #p::std::option::Option::Some(#renewal) = #renewal.take() else { return };
            let #run = async move {
                let (#key, #run) = #renewal.start(#policy);
                #run.drive(#body).await
            };
            #p::hand_to(#run, #spawn);
        }
    } else {
        let body = model.call_original_with(&model.lent_arguments(key.to_token_stream()));
        quote!(#p::hand_to(#p::renewal_job(#renewal, #policy, |#key| #body), #spawn);)
    };
    Some(quote! {
        .renew_by(#p::renews::<#key_type, #result, _>(#kind, |#renewal| { #handing }))
    })
}
