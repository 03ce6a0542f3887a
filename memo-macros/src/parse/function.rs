//! Parses a function: its signature, and its body as plain tokens.

use proc_macro2::{Group, Ident, Span, TokenStream, TokenTree};
use std::borrow::Cow;
use syn::ext::IdentExt;
use syn::parse::{Parse, ParseStream};
use syn::token::Brace;
use syn::{
    Abi, Attribute, FnArg, Pat, PatType, Receiver, ReceiverKind, Signature, Token, Type,
    Visibility, parse_quote,
};

/// A function with a body.
#[derive(Clone)]
pub(crate) struct Function {
    pub(crate) attrs: Vec<Attribute>,
    pub(crate) vis: Visibility,
    pub(crate) sig: Signature,
    pub(crate) body: Group,
}

impl Parse for Function {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let attrs = input.call(Attribute::parse_outer)?;
        let vis: Visibility = input.parse()?;
        refuse_other_items(input)?;
        let sig: Signature = input.parse()?;
        if let Some(semi) = input.parse::<Option<Token![;]>>()? {
            return Err(syn::Error::new_spanned(
                semi,
                "`#[memoize]` needs a function with a body; put it where the function is implemented",
            ));
        }
        match input.parse()? {
            TokenTree::Group(body) => Ok(Self { attrs, vis, sig, body }),
            other => Err(syn::Error::new_spanned(other, "expected the body of the function")),
        }
    }
}

/// An argument. `self` is one too.
pub(crate) struct Input<'f> {
    /// Its name, unless it is a pattern.
    pub(crate) name: Option<Ident>,
    pub(crate) pat: Option<&'f Pat>,
    pub(crate) ty: Cow<'f, Type>,
    pub(crate) attrs: &'f [Attribute],
}

impl<'f> Input<'f> {
    fn of(input: &'f FnArg) -> Self {
        match input {
            FnArg::Typed(PatType { attrs, pat, ty, .. }) => Self {
                name: plain_name(pat).cloned(),
                pat: Some(pat),
                ty: Cow::Borrowed(ty),
                attrs,
            },
            FnArg::Receiver(Receiver { attrs, self_token, kind, .. }) => {
                let self_type = Ident::new("Self", self_token.span);
                let ty = match kind {
                    ReceiverKind::Typed(_, ty) => Cow::Borrowed(&**ty),
                    ReceiverKind::Reference(and, lifetime, mutability) => {
                        Cow::Owned(parse_quote!(#and #lifetime #mutability #self_type))
                    }
                    _ => Cow::Owned(parse_quote!(#self_type)),
                };
                let name = Some(Ident::new("self", self_token.span));
                Self { name, pat: None, ty, attrs }
            }
        }
    }
}

/// The name of an argument whose pattern is only a name.
fn plain_name(pattern: &Pat) -> Option<&Ident> {
    match pattern {
        Pat::Ident(pattern) if pattern.by_ref.is_none() && pattern.subpat.is_none() => {
            Some(&pattern.ident)
        }
        _ => None,
    }
}

impl Function {
    pub(crate) fn inputs(&self) -> impl Iterator<Item = Input<'_>> {
        self.sig.inputs.iter().map(Input::of)
    }

    /// One function for each combination of the `#[cfg(..)]`s on its arguments. Each has its own
    /// `#[cfg(..)]`, so that one of them is compiled. Without any this is the function itself.
    pub(crate) fn cfg_variants(mut self) -> Vec<Self> {
        let cfgs = self.sig.inputs.iter_mut().enumerate().find_map(|(i, input)| {
            let FnArg::Typed(PatType { attrs, .. }) = input else { return None };
            let cfg = attrs.iter().position(|attr| attr.path().is_ident("cfg"))?;
            Some((i, attrs.remove(cfg)))
        });
        let Some((i, cfg)) = cfgs else { return vec![self] };
        let Ok(condition) = cfg.parse_args::<TokenStream>() else { return vec![self] };
        let mut without = self.clone();
        without.sig.inputs = self
            .sig
            .inputs
            .iter()
            .enumerate()
            .filter(|(j, _)| *j != i)
            .map(|(_, input)| input.clone())
            .collect();
        without.attrs.push(parse_quote!(#[cfg(not(#condition))]));
        self.attrs.push(cfg);
        [self.cfg_variants(), without.cfg_variants()].concat()
    }
}

fn refuse_other_items(input: ParseStream<'_>) -> syn::Result<()> {
    other_item(input).map_or(Ok(()), |item| {
        Err(input.error(format!("`#[memoize]` goes on a function, not on {item}")))
    })
}

/// The item that comes next, with its article, and with the remedy for a closure. `None` if it may be a function.
fn other_item(input: ParseStream<'_>) -> Option<String> {
    if is_closure(input.cursor().token_stream()) {
        return Some(format!("a closure: {NAME_THE_CLOSURE}"));
    }
    let ahead = input.fork();
    let word = ahead.call(Ident::parse_any).ok()?.to_string();
    let is_function = || {
        ahead.peek(Token![fn])
            || ahead.peek(Token![unsafe])
            || ahead.peek(Token![async])
            || ahead.peek(Token![extern])
    };
    match word.as_str() {
        "struct" | "union" | "type" | "mod" | "use" | "static" | "macro_rules" => {
            Some(format!("a `{word}`"))
        }
        "enum" => Some("an `enum`".to_owned()),
        "const" if !is_function() => Some("a `const`".to_owned()),
        "unsafe" | "extern" => extern_item(input),
        "let" if binds_closure(ahead.cursor().token_stream()) => {
            Some(format!("a `let`: {NAME_THE_CLOSURE}"))
        }
        "let" => Some("a `let`".to_owned()),
        _ => None,
    }
}

const NAME_THE_CLOSURE: &str =
    "make the closure a function with a name, or write `memofn::memoize_fn(|..| ..)`";

/// `extern "C" { .. }` or `extern crate`.
fn extern_item(input: ParseStream<'_>) -> Option<String> {
    let ahead = input.fork();
    ahead.parse::<Option<Token![unsafe]>>().ok()?;
    ahead.parse::<Abi>().ok()?;
    if ahead.peek(Brace) {
        Some("an `extern` block".to_owned())
    } else {
        ahead.peek(Token![crate]).then(|| "an `extern crate`".to_owned())
    }
}

/// Whether a `let` gives a closure a name.
fn binds_closure(statement: TokenStream) -> bool {
    let is_sign = |token: &TokenTree| token.to_string() == "=";
    is_closure(statement.into_iter().skip_while(|token| !is_sign(token)).skip(1))
}

/// Whether the tokens are a closure.
pub(crate) fn is_closure(tokens: impl IntoIterator<Item = TokenTree>) -> bool {
    let mut texts = tokens.into_iter().map(|token| token.to_string());
    let first = texts.find(|text| !["static", "async", "move"].contains(&text.as_str()));
    first.is_some_and(|text| text == "|")
}

/// Whether an attribute is `#[memoize]`, judged by its name.
pub(crate) fn is_memoize(attr: &Attribute) -> bool {
    attr.path().segments.last().is_some_and(|last| last.ident == "memoize")
}

/// Whether an attribute is `#[versioned]`, judged by its name.
pub(crate) fn is_versioned(attr: &Attribute) -> bool {
    attr.path().segments.last().is_some_and(|last| last.ident == "versioned")
}

/// The name in the attribute that is expanded, if its text is known: `remember` after
/// `use memofn::memoize as remember`.
pub(super) fn name_of_this_attribute() -> Option<Ident> {
    let text = Span::call_site().source_text()?;
    let path = text.trim().strip_prefix("#[")?.split(['(', ']', '{', '[', '=']).next()?;
    syn::parse_str(path.rsplit("::").next()?.trim()).ok()
}
