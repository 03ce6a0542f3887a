//! How a function and its controls reach their cache, and what they pass to it.

use super::cache_types::{are_spelled, key_bounds, result_bounds};
use super::names::hygienic;
use super::shared;
use crate::analyze::model::Model;
use proc_macro2::TokenStream;
use quote::{ToTokens, format_ident, quote, quote_spanned};
use syn::spanned::Spanned;

/// The parts of one access to the cache.
pub(super) struct CacheAccess {
    /// Statements that come first: they make the key.
    pub(super) key: TokenStream,
    /// Statements that find the cache.
    pub(super) setup: TokenStream,
    pub(super) cache: TokenStream,
    pub(super) lookup: TokenStream,
    /// Makes the tags of an entry that the access files.
    pub(super) tags: Option<TokenStream>,
    pub(super) policy: TokenStream,
}

/// The user of the cache.
#[derive(Clone, Copy, PartialEq, Eq)]
enum CacheUser {
    /// A call of a function that is not async. It uses a call site.
    Call,
    /// A control or an async call. It uses the typed cache.
    Control,
}

/// The access of a control. It may reach the cache in a way of its own, so the statements that make the key stand apart.
pub(super) fn of_control(model: &Model) -> CacheAccess {
    access(model, CacheUser::Control)
}

/// The access of a control that may file an entry.
pub(super) fn of_filing(model: &Model) -> CacheAccess {
    access(model, CacheUser::Control).with_tags(model, CacheUser::Control)
}

/// The access of a call of the function.
pub(super) fn of_call(model: &Model) -> CacheAccess {
    if model.is_async() {
        of_filing(model)
    } else {
        access(model, CacheUser::Call).with_tags(model, CacheUser::Call).with_key_in_setup()
    }
}

impl CacheAccess {
    /// Adds the tags: the access may file an entry.
    fn with_tags(mut self, model: &Model, user: CacheUser) -> Self {
        let (p, cache) = (&model.runtime, &self.cache);
        let given = model.options.cache().map(|_| match user {
            CacheUser::Call => cache.clone(),
            CacheUser::Control => quote!(#p::GivenCache::new(#cache)),
        });
        self.tags = model.tags_closure(given.as_ref());
        self
    }

    /// The look-up with the tags, if there are any.
    pub(super) fn tagged_lookup(&self, p: &TokenStream) -> TokenStream {
        let Self { lookup, tags, .. } = self;
        match tags {
            Some(tags) => quote!(#p::tagged(#lookup, #tags)),
            None => lookup.clone(),
        }
    }

    fn with_key_in_setup(mut self) -> Self {
        self.setup = [self.key, self.setup].into_iter().collect();
        self.key = TokenStream::new();
        self
    }
}

fn access(model: &Model, user: CacheUser) -> CacheAccess {
    let (mut lookup, policy) = (shared::lookup(model), shared::policy(model));
    let mut key = model.key_patterns();
    let is_made_once = is_made_once(model, user);
    if is_made_once {
        let name = hygienic("key");
        key.extend(quote!(let #name = #lookup;));
        lookup = name.into_token_stream();
    }
    if model.options.cache().is_some() {
        let (setup, cache) = given_cache(model, user);
        return CacheAccess { key, setup, cache, lookup, tags: None, policy };
    }
    let p = &model.runtime;
    let name = hygienic("cache");
    let cache = if user == CacheUser::Call { name.to_token_stream() } else { quote!(&#name) };
    if has_call_site(model) && user == CacheUser::Call {
        let call_site = model.path(&model.call_site_fn());
        let setup = quote!(let #name = #p::at(#call_site););
        return CacheAccess { key, setup, cache, lookup, tags: None, policy };
    }
    if are_spelled(model) && user == CacheUser::Control {
        let made = match call_site(model) {
            Some(call_site) => quote!(#call_site.own()),
            None => model.call(&model.cache_fn()),
        };
        let setup = quote!(let #name = #made;);
        return CacheAccess { key, setup, cache, lookup, tags: None, policy };
    }
    let setup = from_static(model, user, &lookup, is_made_once);
    CacheAccess { key, setup, cache, lookup, tags: None, policy }
}

/// Whether the key is made in a statement of its own, before the cache is looked for. A call that is not async makes it
/// later if it borrows from an argument that the body takes.
fn is_made_once(model: &Model, user: CacheUser) -> bool {
    model.key.as_ref().is_some_and(|key| {
        let moves = user == CacheUser::Call && model.key_borrows_what_moves();
        !(key.is_free() || key.has_temporaries() || moves)
    })
}

/// The cache of `cache = ..`.
fn given_cache(model: &Model, user: CacheUser) -> (TokenStream, TokenStream) {
    let p = &model.runtime;
    let name = hygienic("cache");
    let key = model.given_key_type();
    let given = model.options.cache().map(|it| quote_spanned!(it.span()=> &#it));
    let mut setup = if let Some(value) = model.stored_type() {
        quote!(let #name: &#p::Cache<#key, #value, _> = #given;)
    } else {
        // The kind of the result tells the compiler what the cache has to hold.
        let (result, kind) = (&model.result, model.result_kind());
        quote! {
            let #name: &#p::Cache<#key, _, _> =
                #p::holding(#p::thread_stored::<#result, _>(#kind), #given);
        }
    };
    let mut cache = name.to_token_stream();
    if !model.given_cache_outlives_call() {
        // The body consumes the owner of the cache. A handle of its own keeps the cache alive.
        setup.extend(quote!(let #name = #p::Clone::clone(#name);));
        cache = quote!(&#name);
    }
    if user == CacheUser::Call {
        setup.extend(quote!(let #name = #p::GivenCache::new(#cache);));
        cache = name.to_token_stream();
    }
    (setup, cache)
}

/// The cache in the static, when the types of the cache cannot be spelled.
fn from_static(model: &Model, user: CacheUser, lookup: &TokenStream, is_made: bool) -> TokenStream {
    let name = hygienic("cache");
    let static_call = model.call(&model.static_fn());
    let result = result_bounds(model);
    let method = if user == CacheUser::Call { "call_site" } else { "cache" };
    let (method, key) = match key_bounds(model) {
        Some(key) => (format_ident!("{method}"), key),
        None if !is_made && model.key_is_made_in_place() => {
            (format_ident!("{method}_by"), model.key_closure())
        }
        // The look-up tells the compiler the type of the key.
        None => (format_ident!("{method}_for"), quote!(&#lookup)),
    };
    quote!(let #name = #static_call.#method(#key, #result);)
}

/// Whether a call looks for a result first, and does everything else in a second function. Attributes
/// of the body, such as `track_caller`, would not hold there.
pub(super) fn is_split_call(model: &Model) -> bool {
    model.options.cache().is_none()
        && !model.is_async()
        && !model.key_is_made_in_place()
        && model.body_attributes().next().is_none()
}

/// Whether a generated function returns the call site. A trait cannot spell its type, which may depend
/// on the types of the implementation.
pub(super) fn has_call_site(model: &Model) -> bool {
    model.options.cache().is_none() && are_spelled(model) && !model.context.is_trait_impl()
}

pub(super) fn call_site(model: &Model) -> Option<TokenStream> {
    has_call_site(model).then(|| model.call(&model.call_site_fn()))
}
