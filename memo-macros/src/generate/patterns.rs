//! The variables of patterns in a key: `Path(id): Path<u64>` with `key = id`.

use crate::analyze::key_expression::KeyPart;
use crate::analyze::model::{Argument, Model};
use crate::tokens::search::words;
use proc_macro2::{Ident, TokenStream, TokenTree};
use quote::{ToTokens, quote, quote_spanned};
use syn::Expr;
use syn::spanned::Spanned;

impl Model {
    /// Statements that bind the patterns which the key uses.
    pub(super) fn key_patterns(&self) -> TokenStream {
        let keyed = self.keyed_arguments().filter(|_| self.key.is_some());
        let borrows = self.borrows_patterns();
        let patterns = keyed.filter_map(|argument| {
            let (name, pattern) = (&argument.name, argument.pattern.as_ref()?);
            if borrows {
                Some(quote!(#[allow(unused)] let #pattern = &#name;))
            } else {
                self.bound_pattern(argument)
            }
        });
        quote!(#(#patterns)*)
    }

    /// Whether the patterns that the key uses can be matched by reference: the key consists of variables and their
    /// fields. Other expressions might want the values, so they get those of a clone.
    pub(super) fn borrows_patterns(&self) -> bool {
        let is_plain = |argument: &Argument| {
            argument.pattern.as_ref().is_none_or(|it| is_plain_pattern(&it.to_token_stream()))
        };
        self.key.as_ref().is_some_and(KeyPart::is_pure) && self.keyed_arguments().all(is_plain)
    }

    /// A variable or a field for the key. A variable of a pattern that is matched by reference is behind that reference.
    pub(super) fn place(&self, place: &Expr) -> Expr {
        let mut place = place.clone();
        if self.borrows_patterns() {
            let patterns: Vec<_> = self
                .keyed_arguments()
                .filter_map(|it| it.pattern.as_ref())
                .flat_map(|pattern| words(&pattern.to_token_stream()))
                .collect();
            dereference(&mut place, &patterns);
        }
        place
    }

    /// A statement that binds the pattern of an argument, if it has one.
    pub(super) fn bound_pattern(&self, argument: &Argument) -> Option<TokenStream> {
        let p = &self.runtime;
        let (name, pattern) = (&argument.name, argument.pattern.as_ref()?);
        let argument = quote_spanned!(name.span()=> &#name);
        Some(quote!(#[allow(unused)] let #pattern = #p::Clone::clone(#argument);))
    }
}

/// Whether a pattern names parts and nothing else, so that it matches a reference as well.
fn is_plain_pattern(pattern: &TokenStream) -> bool {
    pattern.clone().into_iter().all(|token| match token {
        TokenTree::Group(group) => is_plain_pattern(&group.stream()),
        TokenTree::Ident(word) => word != "ref" && word != "mut" && word != "box",
        TokenTree::Punct(punct) => !matches!(punct.as_char(), '&' | '@' | '!'),
        TokenTree::Literal(_) => true,
    })
}

/// Writes `(*id)` for the variable of a place, if it is one of these.
fn dereference(place: &mut Expr, variables: &[Ident]) {
    match place {
        Expr::Path(path) if path.path.get_ident().is_some_and(|it| variables.contains(it)) => {
            let path = path.clone();
            *place = Expr::Verbatim(quote_spanned!(path.span()=> (*#path)));
        }
        Expr::Field(it) => dereference(&mut it.base, variables),
        Expr::Paren(it) => dereference(&mut it.expr, variables),
        Expr::Group(it) => dereference(&mut it.expr, variables),
        Expr::Unary(it) => dereference(&mut it.expr, variables),
        _ => {}
    }
}
