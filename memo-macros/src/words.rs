//! Looking through tokens that are not parsed.

use proc_macro2::{Delimiter, Group, Ident, Literal, TokenStream, TokenTree};
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

/// The first `Self` that is not the beginning of a path.
pub(crate) fn find_own_type_itself(ty: &TokenStream) -> Option<Ident> {
    let mut tokens = ty.clone().into_iter().peekable();
    while let Some(token) = tokens.next() {
        let found = match token {
            TokenTree::Ident(word) if word == "Self" => match tokens.peek() {
                Some(TokenTree::Punct(next)) if next.as_char() == ':' => None,
                _ => Some(word),
            },
            TokenTree::Group(group) => find_own_type_itself(&group.stream()),
            _ => None,
        };
        if found.is_some() {
            return found;
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

/// The tokens with every `self` replaced, be it inside `format!("{self}")`.
pub(crate) fn without_self(tokens: &TokenStream, by: &str) -> TokenStream {
    each(tokens, &mut |token, _| match token {
        TokenTree::Ident(ident) if ident == "self" => Ident::new(by, ident.span()).into(),
        TokenTree::Literal(literal) => {
            let text = literal.to_string().replace("{self", &format!("{{{by}"));
            let mut renamed: Literal = text.parse().unwrap_or_else(|_| literal.clone());
            renamed.set_span(literal.span());
            renamed.into()
        }
        token => token,
    })
}

/// The tokens with some lifetimes left to be inferred.
pub(crate) fn without_lifetimes(
    tokens: &TokenStream,
    is_meant: impl Fn(&Ident) -> bool,
) -> TokenStream {
    each(tokens, &mut |token, before| match (token, before) {
        (TokenTree::Ident(name), Some('\'')) if is_meant(&name) => {
            Ident::new("_", name.span()).into()
        }
        (token, _) => token,
    })
}

/// Changes token by token; `change` is also given the sign before, if it is one.
fn each(
    tokens: &TokenStream,
    change: &mut dyn FnMut(TokenTree, Option<char>) -> TokenTree,
) -> TokenStream {
    let mut before = None;
    tokens
        .clone()
        .into_iter()
        .map(|token| {
            let sign = match &token {
                TokenTree::Punct(punct) => Some(punct.as_char()),
                _ => None,
            };
            let before = std::mem::replace(&mut before, sign);
            match token {
                TokenTree::Group(group) => {
                    let mut inside = Group::new(group.delimiter(), each(&group.stream(), change));
                    inside.set_span(group.span());
                    TokenTree::Group(inside)
                }
                token => change(token, before),
            }
        })
        .collect()
}

/// A type or a path as its author would write it.
pub(crate) fn spelled(ty: &impl ToTokens) -> String {
    let spaced = ty.to_token_stream().to_string();
    [(" < ", "<"), ("< ", "<"), (" >", ">"), (" ,", ","), ("& ", "&"), (" :: ", "::"), (" <", "<")]
        .iter()
        .fold(spaced, |text, (from, to)| text.replace(from, to))
}

#[cfg(test)]
mod tests {
    use super::*;
    use quote::quote;

    #[test]
    fn lifetimes_are_told_from_words() {
        let ty = quote!(&'db db::Client<'a, [&'db str; 2]>);
        let expected = quote!(&'_ db::Client<'a, [&'_ str; 2]>);
        let anonymous = without_lifetimes(&ty, |name| name == "db");
        assert_eq!(anonymous.to_string(), expected.to_string());
    }

    #[test]
    fn the_own_type_of_items_inside_a_body_is_not_the_functions() {
        let found = |body: TokenStream| find_own_type(&body).is_some();
        assert!(found(quote!(let x = Self::new(); x)));
        assert!(found(quote!(struct P(u8);, if a { Self { x } } else { b })));
        assert!(!found(quote!(impl P { fn new() -> Self { Self } } P::new())));
        assert!(!found(quote!(quote!(Self))));
    }
}
