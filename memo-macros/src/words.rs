//! Looking through tokens that are not parsed.

use proc_macro2::{Delimiter, Group, Ident, TokenStream, TokenTree};
use quote::ToTokens;

/// Every identifier, those inside groups included.
pub(crate) fn words(tokens: &TokenStream) -> Vec<Ident> {
    tokens
        .clone()
        .into_iter()
        .flat_map(|token| match token {
            TokenTree::Ident(ident) => vec![ident],
            TokenTree::Group(group) => words(&group.stream()),
            _ => Vec::new(),
        })
        .collect()
}

/// The first place where a word stands.
pub(crate) fn find_word(tokens: &TokenStream, word: &str) -> Option<Ident> {
    words(tokens).into_iter().find(|ident| ident == word)
}

/// The first `Self` in a body that is not that of an item inside the body, nor a macro's.
pub(crate) fn find_own_type(body: &TokenStream) -> Option<Ident> {
    let mut tokens = body.clone().into_iter();
    while let Some(token) = tokens.next() {
        match token {
            TokenTree::Ident(word) if word == "Self" => return Some(word),
            TokenTree::Ident(word)
                if ["impl", "trait", "struct", "enum", "union"].iter().any(|item| word == item) =>
            {
                tokens.find(ends_item);
            }
            TokenTree::Punct(punct) if punct.as_char() == '!' => {
                let mut ahead = tokens.clone();
                if let Some(TokenTree::Group(_)) = ahead.next() {
                    tokens = ahead;
                }
            }
            TokenTree::Group(group) => {
                if let Some(word) = find_own_type(&group.stream()) {
                    return Some(word);
                }
            }
            _ => {}
        }
    }
    None
}

fn ends_item(token: &TokenTree) -> bool {
    match token {
        TokenTree::Group(group) => group.delimiter() == Delimiter::Brace,
        TokenTree::Punct(punct) => punct.as_char() == ';',
        _ => false,
    }
}

/// The tokens with every occurrence of a word replaced.
pub(crate) fn replaced(tokens: &TokenStream, word: &str, by: &Ident) -> TokenStream {
    let replace = |token| match token {
        TokenTree::Ident(ident) if ident == word => {
            TokenTree::Ident(Ident::new(&by.to_string(), by.span().located_at(ident.span())))
        }
        TokenTree::Group(group) => {
            let mut inside = Group::new(group.delimiter(), replaced(&group.stream(), word, by));
            inside.set_span(group.span());
            TokenTree::Group(inside)
        }
        token => token,
    };
    tokens.clone().into_iter().map(replace).collect()
}

/// A type or a path as its author would write it.
pub(crate) fn spelled(ty: &impl ToTokens) -> String {
    let spaced = ty.to_token_stream().to_string();
    [(" < ", "<"), ("< ", "<"), (" >", ">"), (" ,", ","), ("& ", "&"), (" :: ", "::"), (" <", "<")]
        .iter()
        .fold(spaced, |text, (from, to)| text.replace(from, to))
}
