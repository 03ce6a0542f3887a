//! Decides which arguments are part of the key.

use crate::parse::options::Options;
use crate::tokens::search::{uses, words};
use proc_macro2::Ident;
use quote::ToTokens;
use syn::{Expr, Pat};

/// Whether the key depends on an argument. An argument without a name has a `pattern`.
pub(crate) fn is_keyed(options: &Options, name: Option<&Ident>, pattern: Option<&Pat>) -> bool {
    if let Some(key) = options.key() {
        let key = key.to_token_stream();
        return match (name, pattern) {
            (Some(name), _) => uses(&key, name),
            (None, pattern) => words(&pattern.to_token_stream()).iter().any(|it| uses(&key, it)),
        };
    }
    let Some(name) = name else { return true };
    let owns_cache = options.cache().and_then(cache_owner).is_some_and(|owner| owner == name);
    !(options.skip().contains(name) || owns_cache)
}

/// The variable that owns the cache of `cache = ..`: `self`, for `self.caches[0].users`.
pub(crate) fn cache_owner(place: &Expr) -> Option<&Ident> {
    match place {
        Expr::Path(path) => path.path.get_ident(),
        Expr::Field(field) => cache_owner(&field.base),
        Expr::Index(index) => cache_owner(&index.expr),
        Expr::MethodCall(call) => cache_owner(&call.receiver),
        Expr::Paren(paren) => cache_owner(&paren.expr),
        Expr::Group(group) => cache_owner(&group.expr),
        Expr::Reference(reference) => cache_owner(&reference.expr),
        Expr::Unary(unary) => cache_owner(&unary.expr),
        _ => None,
    }
}
