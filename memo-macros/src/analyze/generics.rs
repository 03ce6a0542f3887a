//! The parameters of a generic function: which of them tell its caches apart, and where the bounds go.
//!
//! ```text
//! // Input. `make` is skipped:
//! fn lookup<'a, K: Hash + 'static, F>(key: &'a K, make: F) -> u64 where F: Fn(&'a K) -> u64, K: Eq
//!
//! // Output. There is one cache for each `K`:
//! impl<K: Hash + 'static> lookup<K> where K: Eq {
//!     fn uncached<'a, F>(key: &'a K, make: F) -> u64 where F: Fn(&'a K) -> u64 { body }
//! }
//! ```

use crate::parse::function::Function;
use crate::tokens::search::words;
use proc_macro2::{Ident, TokenStream};
use quote::{ToTokens, quote};
use syn::punctuated::Punctuated;
use syn::{
    GenericArgument, GenericParam, Generics, PathArguments, PredicateType, Token, Type,
    TypeParamBound, WherePredicate,
};

/// Some of the parameters, with their bounds.
#[derive(Default)]
pub(crate) struct Params {
    params: Vec<GenericParam>,
    bounds: Vec<WherePredicate>,
}

impl Params {
    /// Splits off the types and constants that `tells_caches_apart` accepts. A bound that mentions one of
    /// the other parameters stays with those.
    pub(crate) fn split(
        generics: &Generics,
        tells_caches_apart: impl Fn(&Ident) -> bool,
    ) -> (Self, Self) {
        let (mut instance, mut others) = (Self::default(), Self::default());
        for param in &generics.params {
            match param {
                GenericParam::Type(param) if tells_caches_apart(&param.ident) => {
                    instance.params.push(GenericParam::Type(param.clone()));
                }
                GenericParam::Const(param) if tells_caches_apart(&param.ident) => {
                    instance.params.push(GenericParam::Const(param.clone()));
                }
                _ => others.params.push(param.clone()),
            }
        }
        let other_names: Vec<Ident> = others.params.iter().map(name).collect();
        let stays = |tokens: &dyn ToTokens| {
            !words(&tokens.to_token_stream()).iter().any(|word| other_names.contains(word))
        };
        for param in &mut instance.params {
            let GenericParam::Type(param) = param else { continue };
            let (stay, go): (Vec<TypeParamBound>, Vec<_>) =
                param.bounds.iter().cloned().partition(|bound| stays(bound));
            if !go.is_empty() {
                let ident = &param.ident;
                others.bounds.push(syn::parse_quote!(#ident: #(#go)+*));
                param.bounds = Punctuated::from_iter(stay);
            }
        }
        for bound in generics.where_clause.iter().flat_map(|clause| &clause.predicates) {
            match bound {
                WherePredicate::Type(all) if stays(&all.bounded_ty) => {
                    let (mut stay, mut go) = (all.clone(), all.clone());
                    stay.bounds = all.bounds.iter().filter(|bound| stays(bound)).cloned().collect();
                    go.bounds = all.bounds.iter().filter(|bound| !stays(bound)).cloned().collect();
                    for (part, params) in [(stay, &mut instance), (go, &mut others)] {
                        if !part.bounds.is_empty() {
                            params.bounds.push(WherePredicate::Type(part));
                        }
                    }
                }
                bound if stays(bound) => instance.bounds.push(bound.clone()),
                bound => others.bounds.push(bound.clone()),
            }
        }
        (instance, others)
    }

    /// Adds a bound.
    pub(crate) fn bind(&mut self, bound: WherePredicate) {
        self.bounds.push(bound);
    }

    /// These and `more`.
    pub(crate) fn and(mut self, more: &Self) -> Self {
        self.params.extend(more.params.iter().cloned());
        self.bounds.extend(more.bounds.iter().cloned());
        self
    }

    /// The lifetimes, and the other parameters that `is_needed` accepts, with the bounds that mention nothing else.
    pub(crate) fn lifetimes_and(&self, is_needed: impl Fn(&Ident) -> bool) -> Self {
        let stays = |param: &GenericParam| type_or_const(param).is_none_or(&is_needed);
        let (params, others): (Vec<_>, Vec<_>) = self.params.iter().cloned().partition(stays);
        let others: Vec<Ident> = others.iter().map(name).collect();
        let needed = |bound: &&WherePredicate| {
            !words(&bound.to_token_stream()).iter().any(|word| others.contains(word))
        };
        Self { params, bounds: self.bounds.iter().filter(needed).cloned().collect() }
    }

    pub(crate) fn generics(&self) -> Generics {
        let (params, bounds) = (&self.params, &self.bounds);
        let mut generics =
            Generics { params: params.iter().cloned().collect(), ..Generics::default() };
        if !bounds.is_empty() {
            generics.where_clause = Some(syn::parse_quote!(where #(#bounds),*));
        }
        generics
    }

    pub(crate) fn contains(&self, word: &Ident) -> bool {
        self.params.iter().any(|param| name(param) == *word)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.params.is_empty()
    }

    /// The names of the types and constants.
    pub(crate) fn names(&self) -> impl Iterator<Item = &Ident> {
        self.params.iter().filter_map(type_or_const)
    }

    /// The names of the types.
    pub(crate) fn types(&self) -> impl Iterator<Item = &Ident> {
        self.params.iter().filter_map(|param| match param {
            GenericParam::Type(param) => Some(&param.ident),
            _ => None,
        })
    }

    /// `<'a, T: Hash, const N: usize>`.
    pub(crate) fn declared(&self) -> Option<TokenStream> {
        let params = &self.params;
        (!self.is_empty()).then(|| quote!(<#(#params),*>))
    }

    /// `T: ?Sized, const N: usize`, for a type without bounds. `sized` is the path of `Sized`.
    pub(crate) fn unbounded(&self, sized: &TokenStream) -> impl Iterator<Item = TokenStream> {
        self.params.iter().map(move |param| match param {
            GenericParam::Type(param) => {
                let ident = &param.ident;
                quote!(#ident: ?#sized)
            }
            param => param.to_token_stream(),
        })
    }

    /// `where T: Eq`.
    pub(crate) fn clause(&self) -> Option<TokenStream> {
        let bounds = &self.bounds;
        (!bounds.is_empty()).then(|| quote!(where #(#bounds),*))
    }

    /// `<T, N>`.
    pub(crate) fn arguments(&self) -> Option<TokenStream> {
        let names: Vec<_> = self.names().collect();
        (!names.is_empty()).then(|| quote!(<#(#names),*>))
    }

    /// `::<T, N>`.
    pub(crate) fn turbofish(&self) -> Option<TokenStream> {
        turbofish(self.names())
    }
}

/// `::<T, N>`.
pub(crate) fn turbofish<'n>(names: impl Iterator<Item = &'n Ident>) -> Option<TokenStream> {
    let names: Vec<_> = names.collect();
    (!names.is_empty()).then(|| quote!(::<#(#names),*>))
}

/// The type parameters with `?Sized`.
pub(crate) fn unsized_types(generics: &Generics) -> Vec<Ident> {
    let relaxed = |bounds: &Punctuated<TypeParamBound, Token![+]>| {
        bounds.to_token_stream().to_string().contains('?')
    };
    let inline = generics.type_params().filter(|param| relaxed(&param.bounds));
    let clauses = generics.where_clause.iter().flat_map(|clause| &clause.predicates);
    let clauses = clauses.filter_map(|bound| match bound {
        WherePredicate::Type(bound) if relaxed(&bound.bounds) => {
            words(&bound.bounded_ty.to_token_stream()).pop()
        }
        _ => None,
    });
    inline.map(|param| param.ident.clone()).chain(clauses).collect()
}

/// The names of the types and constants.
pub(crate) fn parameters(generics: &Generics) -> impl Iterator<Item = &Ident> {
    generics.params.iter().filter_map(type_or_const)
}

/// These types, and the parameters that their bounds make associated types of them: `Fut` of `F: Fn(u32) -> Fut`, and then
/// `T` of `Fut: Future<Output = T>`.
pub(crate) fn with_associated(generics: &Generics, mut types: Vec<Ident>) -> Vec<Ident> {
    let mut next = 0;
    while let Some(name) = types.get(next) {
        let named: Vec<Ident> =
            bounds_on(generics, name).flat_map(|bound| words(&associated(bound))).collect();
        let more = parameters(generics).filter(|it| named.contains(it) && !types.contains(it));
        let more: Vec<Ident> = more.cloned().collect();
        types.extend(more);
        next += 1;
    }
    types
}

/// The associated types that a bound names: what a function returns, and `T` of `Item = T`.
fn associated(bound: &TypeParamBound) -> TokenStream {
    let TypeParamBound::Trait(bound) = bound else { return TokenStream::new() };
    let of_segment = |segment: &syn::PathSegment| match &segment.arguments {
        PathArguments::Parenthesized(arguments) => arguments.output.to_token_stream(),
        PathArguments::AngleBracketed(arguments) => {
            let bindings = arguments.args.iter().filter_map(|it| match it {
                GenericArgument::AssocType(binding) => Some(&binding.ty),
                _ => None,
            });
            quote!(#(#bindings)*)
        }
        PathArguments::None => TokenStream::new(),
    };
    bound.path.segments.iter().map(of_segment).collect()
}

fn type_or_const(param: &GenericParam) -> Option<&Ident> {
    match param {
        GenericParam::Type(param) => Some(&param.ident),
        GenericParam::Const(param) => Some(&param.ident),
        GenericParam::Lifetime(_) => None,
    }
}

/// All parameters, lifetimes included, as arguments: `<'a, T, N>`.
pub(crate) fn arguments(generics: &Generics) -> Option<TokenStream> {
    let arguments = generics.params.iter().map(|param| match param {
        GenericParam::Lifetime(param) => param.lifetime.to_token_stream(),
        param => name(param).to_token_stream(),
    });
    (!generics.params.is_empty()).then(|| quote!(<#(#arguments),*>))
}

fn name(param: &GenericParam) -> Ident {
    match param {
        GenericParam::Lifetime(param) => param.lifetime.ident.clone(),
        GenericParam::Type(param) => param.ident.clone(),
        GenericParam::Const(param) => param.ident.clone(),
    }
}

/// The parameters that are visible where a function stands, and their bounds.
pub(crate) struct BoundsOf<'g> {
    /// Those of the function and of the block around it.
    pub(crate) generics: Vec<&'g Generics>,
    /// `Self`, if it depends on a parameter.
    pub(crate) self_word: Option<&'g Ident>,
}

/// The traits that our stand-in for a type implements.
const HAS_STAND_IN: &[&str] = &[
    "Any",
    "Clone",
    "Copy",
    "Debug",
    "Default",
    "Display",
    "Eq",
    "Error",
    "Hash",
    "Ord",
    "PartialEq",
    "PartialOrd",
    "RefUnwindSafe",
    "Send",
    "Sized",
    "Sync",
    "ToOwned",
    "ToString",
    "Unpin",
    "UnwindSafe",
];

/// Other traits that do not say that a type is `'static`.
const ALSO_KNOWN: &[&str] = &[
    "AsRef",
    "Borrow",
    "Deref",
    "Extend",
    "From",
    "FromIterator",
    "FromStr",
    "Into",
    "IntoIterator",
    "Iterator",
    "TryFrom",
    "TryInto",
];

impl BoundsOf<'_> {
    pub(crate) fn is_empty(&self) -> bool {
        self.names().next().is_none()
    }

    /// The names of the types and constants.
    pub(crate) fn names(&self) -> impl Iterator<Item = &Ident> {
        self.generics.iter().flat_map(|generics| parameters(generics)).chain(self.self_word)
    }

    /// The type of a constant.
    pub(crate) fn constant(&self, name: &Ident) -> Option<&Type> {
        let mut constants = self.generics.iter().flat_map(|generics| generics.const_params());
        constants.find(|param| param.ident == *name).map(|param| &param.ty)
    }

    /// Whether all bounds on a type are traits of the standard library that our stand-in has.
    pub(crate) fn are_standard(&self, name: &Ident) -> bool {
        self.all(name, |bound| match bound {
            TypeParamBound::Trait(bound) => bound.path.segments.last().is_some_and(|last| {
                last.arguments.is_none() && HAS_STAND_IN.iter().any(|it| last.ident == it)
            }),
            TypeParamBound::Lifetime(_) => true,
            _ => false,
        })
    }

    /// Whether a type may borrow: no bound says that it is `'static`, and no trait is unknown that may say so.
    pub(crate) fn may_borrow(&self, name: &Ident) -> bool {
        self.all(name, |bound| match bound {
            TypeParamBound::Trait(bound) => bound.path.segments.last().is_some_and(|last| {
                let mut known = HAS_STAND_IN.iter().chain(ALSO_KNOWN);
                last.ident != "Any" && known.any(|it| last.ident == it)
            }),
            TypeParamBound::Lifetime(lifetime) => lifetime.ident != "static",
            _ => false,
        })
    }

    fn all(&self, name: &Ident, accepts: impl Fn(&TypeParamBound) -> bool) -> bool {
        self.of(name).is_some_and(|bounds| bounds.into_iter().all(accepts))
    }

    /// The bounds on a type. `None` if it has others that are not on the type alone.
    fn of(&self, name: &Ident) -> Option<Vec<&TypeParamBound>> {
        let mut all = Vec::new();
        let mut is_declared = false;
        for generics in &self.generics {
            is_declared |= generics.type_params().any(|param| param.ident == *name);
            let mut others = predicates(generics).filter(|it| bounds_of(it, name).is_none());
            if others.any(|other| words(&other.to_token_stream()).contains(name)) {
                return None;
            }
            all.extend(bounds_on(generics, name));
        }
        is_declared.then_some(all)
    }
}

fn predicates(generics: &Generics) -> impl Iterator<Item = &WherePredicate> {
    generics.where_clause.iter().flat_map(|clause| &clause.predicates)
}

/// The bounds of a predicate, if it is on this type alone.
fn bounds_of<'g>(
    predicate: &'g WherePredicate,
    name: &Ident,
) -> Option<&'g Punctuated<TypeParamBound, Token![+]>> {
    match predicate {
        WherePredicate::Type(PredicateType { bounded_ty: Type::Path(ty), bounds, .. }) => {
            ty.path.is_ident(name).then_some(bounds)
        }
        _ => None,
    }
}

/// The bounds on a type parameter.
fn bounds_on<'g>(generics: &'g Generics, name: &Ident) -> impl Iterator<Item = &'g TypeParamBound> {
    let declared = generics.type_params().filter(move |param| param.ident == *name);
    let inline = declared.flat_map(|param| &param.bounds);
    inline.chain(predicates(generics).filter_map(move |it| bounds_of(it, name)).flatten())
}

/// The lifetimes of a function that none of its arguments and bounds has.
pub(crate) fn free_lifetimes(function: &Function) -> Vec<Ident> {
    let generics = &function.sig.generics;
    let mut used = words(&function.sig.inputs.to_token_stream());
    used.extend(words(&generics.where_clause.to_token_stream()));
    for param in &generics.params {
        match param {
            GenericParam::Lifetime(param) => used.extend(words(&param.bounds.to_token_stream())),
            param => used.extend(words(&param.to_token_stream())),
        }
    }
    let lifetimes = generics.lifetimes().filter(|param| param.bounds.is_empty());
    lifetimes
        .map(|param| param.lifetime.ident.clone())
        .filter(|name| !used.contains(name))
        .collect()
}
