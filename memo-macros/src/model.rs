//! What a function is, once it is known to be fit for memoization.

use crate::form::Form;
use crate::function::Function;
use crate::options::{Options, Scope};
use proc_macro2::{Span, TokenStream, TokenTree};
use quote::{ToTokens, format_ident, quote, quote_spanned};
use syn::ext::IdentExt;
use syn::spanned::Spanned;
use syn::{Attribute, FnArg, Generics, Ident, Pat, ReturnType, Type};

pub(crate) struct Model {
    pub(crate) function: Function,
    pub(crate) options: Options,
    pub(crate) arguments: Vec<Argument>,
    /// The companion type.
    pub(crate) controls: Ident,
    /// The return type; `()` when none is written.
    pub(crate) result: TokenStream,
    /// The path of the runtime.
    pub(crate) runtime: TokenStream,
}

pub(crate) struct Argument {
    /// What it is called outside the original function: its own name where it has one.
    pub(crate) name: Ident,
    pub(crate) ty: Type,
    pub(crate) attrs: Vec<Attribute>,
    /// How the original function takes it apart, if it does.
    pub(crate) pattern: Option<Pat>,
    /// Whether the key depends on it.
    pub(crate) keyed: bool,
}

impl Model {
    pub(crate) fn new(options: Options, function: Function) -> Self {
        let arguments = function
            .sig
            .inputs
            .iter()
            .enumerate()
            .filter_map(|(i, input)| match input {
                FnArg::Typed(input) => {
                    let name = plain_name(&input.pat);
                    let keyed = is_keyed(&options, name, &input.pat);
                    Some(Argument {
                        name: name.cloned().unwrap_or_else(|| {
                            let span = Span::mixed_site().located_at(input.pat.span());
                            format_ident!("arg{i}", span = span)
                        }),
                        ty: (*input.ty).clone(),
                        attrs: input.attrs.clone(),
                        pattern: name.is_none().then(|| (*input.pat).clone()),
                        keyed,
                    })
                }
                FnArg::Receiver(_) => None,
            })
            .collect();
        let controls = match &options.controls {
            Some(controls) => controls.value.clone(),
            None => function.sig.ident.clone(),
        };
        let result = match &function.sig.output {
            ReturnType::Default => quote!(()),
            ReturnType::Type(_, ty) => ty.to_token_stream(),
        };
        let krate = options
            .krate
            .as_ref()
            .map_or_else(|| quote!(::memofn), |krate| krate.value.to_token_stream());
        let runtime = quote!(#krate::__private);
        Self { function, options, arguments, controls, result, runtime }
    }

    pub(crate) fn keyed(&self) -> impl Iterator<Item = &Argument> {
        self.arguments.iter().filter(|argument| argument.keyed)
    }

    pub(crate) fn scope(&self) -> Scope {
        self.options.scope.as_ref().map(|scope| scope.value).unwrap_or_default()
    }

    pub(crate) fn generics(&self) -> &Generics {
        &self.function.sig.generics
    }

    /// The attributes that decide whether the function exists at all: they go on every item.
    pub(crate) fn cfgs(&self) -> impl Iterator<Item = &Attribute> + Clone {
        self.function.attrs.iter().filter(|attr| attr.path().is_ident("cfg"))
    }

    /// The call as it is looked up.
    pub(crate) fn lookup(&self) -> TokenStream {
        let p = &self.runtime;
        match self.key_expression() {
            Some(key) => key,
            None => nested(
                self.keyed()
                    .map(|Argument { name, ty, .. }| Form::of(ty).lookup(p, name, ty))
                    .collect(),
            ),
        }
    }

    /// The types of the parts of the key, unless only the compiler knows its type.
    pub(crate) fn key_types(&self) -> Option<Vec<TokenStream>> {
        let owned = |argument: &Argument| Form::of(&argument.ty).owned(&self.runtime);
        self.options.key.is_none().then(|| self.keyed().map(owned).collect())
    }

    /// The key of a `key = ..` expression, after what it needs of arguments that are taken apart.
    pub(crate) fn key_expression(&self) -> Option<TokenStream> {
        let key = &self.options.key.as_ref()?.value;
        let p = &self.runtime;
        let own = match self.scope() {
            Scope::Shared => quote!(#p::shared_key),
            Scope::Thread => quote!(#p::key),
        };
        let parts: Vec<_> = self
            .keyed()
            .filter_map(|Argument { name, pattern, .. }| {
                let pattern = pattern.as_ref()?;
                let argument = quote_spanned!(name.span()=> &#name);
                Some(quote!(#[allow(unused)] let #pattern = #p::std::clone::Clone::clone(#argument);))
            })
            .collect();
        Some(if parts.is_empty() {
            quote_spanned!(key.span()=> #own(#key))
        } else {
            quote_spanned!(key.span()=> { #(#parts)* #own(#key) })
        })
    }

    /// Whether the return type is a `Result` of which the `Ok` alone is stored, as a constant.
    pub(crate) fn fallible(&self) -> TokenStream {
        let Self { runtime: p, result, .. } = self;
        if self.options.cache_if.is_some() {
            quote!(false)
        } else {
            quote!({ #p::fallible!(#result) })
        }
    }

    /// What to store of a result, as a value.
    pub(crate) fn policy(&self) -> TokenStream {
        let Self { runtime: p, result, .. } = self;
        if let Some(accept) = &self.options.cache_if {
            let accept = &accept.value;
            quote!(#p::policy_if::<#result, _>(#accept))
        } else {
            quote!(#p::policy::<#result, _, _>(#p::kind!(#result)))
        }
    }
}

/// The one part itself, several as a tuple, more than a tuple can compare as tuples in tuples.
pub(crate) fn nested(mut parts: Vec<TokenStream>) -> TokenStream {
    const MOST: usize = 12;
    if parts.len() == 1 {
        return parts.remove(0);
    }
    if parts.len() > MOST {
        let rest = nested(parts.split_off(MOST - 1));
        parts.push(rest);
    }
    quote!((#(#parts),*))
}

/// The name of an argument that is not taken apart.
pub(crate) fn plain_name(pattern: &Pat) -> Option<&Ident> {
    match pattern {
        Pat::Ident(pattern) if pattern.by_ref.is_none() && pattern.subpat.is_none() => {
            Some(&pattern.ident)
        }
        _ => None,
    }
}

fn is_keyed(options: &Options, name: Option<&Ident>, pattern: &Pat) -> bool {
    match (&options.key, &options.skip) {
        (Some(key), _) => {
            let key = key.value.to_token_stream();
            idents(&pattern.to_token_stream()).iter().any(|name| mentions(&key, name))
        }
        (None, Some(skip)) => !name.is_some_and(|name| skip.value.contains(name)),
        (None, None) => true,
    }
}

fn idents(tokens: &TokenStream) -> Vec<Ident> {
    tokens
        .clone()
        .into_iter()
        .flat_map(|token| match token {
            TokenTree::Ident(ident) => vec![ident],
            TokenTree::Group(group) => idents(&group.stream()),
            _ => Vec::new(),
        })
        .collect()
}

/// Whether an expression may use a name, be it inside `format!("{name:>width$}")`.
fn mentions(tokens: &TokenStream, name: &Ident) -> bool {
    let bare = name.unraw();
    tokens.clone().into_iter().any(|token| match token {
        TokenTree::Ident(ident) => ident == *name,
        TokenTree::Group(group) => mentions(&group.stream(), name),
        TokenTree::Literal(literal) => {
            let literal = literal.to_string();
            literal.contains(&format!("{{{bare}")) || literal.contains(&format!("{bare}$"))
        }
        TokenTree::Punct(_) => false,
    })
}
