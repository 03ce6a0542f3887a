//! Copies of token streams with names or lifetimes replaced, and types spelled as text.

use super::search::captures;
use proc_macro2::{Delimiter, Group, Ident, Literal, Span, TokenStream, TokenTree};
use quote::ToTokens;
use syn::Lifetime;
use syn::ext::IdentExt;

/// Replaces each `self`, also inside `format!("{self}")`.
pub(crate) fn replace_self(tokens: &TokenStream, by: &str) -> TokenStream {
    map_tokens(tokens, &mut |token, _| match token {
        TokenTree::Ident(ident) if ident == "self" => Ident::new(by, ident.span()).into(),
        TokenTree::Literal(literal) => {
            let mut text = literal.to_string();
            let captured: Vec<usize> = captures(&text, "self").collect();
            for at in captured.into_iter().rev() {
                text.replace_range(at..at + "self".len(), by);
            }
            let mut renamed: Literal = text.parse().unwrap_or_else(|_| literal.clone());
            renamed.set_span(literal.span());
            renamed.into()
        }
        token => token,
    })
}

/// Replaces each `Self` by the type it stands for. `Self::Item` stays as it is.
pub(crate) fn replace_self_type(tokens: &TokenStream, self_type: &TokenStream) -> TokenStream {
    let mut tokens = tokens.clone().into_iter().peekable();
    let mut output = TokenStream::new();
    while let Some(token) = tokens.next() {
        let begins_path =
            matches!(tokens.peek(), Some(TokenTree::Punct(next)) if next.as_char() == ':');
        match token {
            TokenTree::Ident(word) if word == "Self" && !begins_path => {
                output.extend(self_type.clone());
            }
            TokenTree::Group(group) => {
                let inside = replace_self_type(&group.stream(), self_type);
                output.extend([TokenTree::Group(Group::new(group.delimiter(), inside))]);
            }
            token => output.extend([token]),
        }
    }
    output
}

/// Replaces the lifetimes that `is_match` accepts by `'_`.
pub(crate) fn infer_lifetimes(
    tokens: &TokenStream,
    is_match: impl Fn(&Ident) -> bool,
) -> TokenStream {
    rename_lifetimes(tokens, "_", is_match)
}

/// Gives the lifetimes that `is_match` accepts another name.
pub(crate) fn rename_lifetimes(
    tokens: &TokenStream,
    by: &str,
    is_match: impl Fn(&Ident) -> bool,
) -> TokenStream {
    map_tokens(tokens, &mut |token, before| match (token, before) {
        (TokenTree::Ident(name), Some('\'')) if is_match(&name) => {
            Ident::new(by, name.span()).into()
        }
        (token, _) => token,
    })
}

/// Gives each elided lifetime of a type a name, and adds the names to `names`.
pub(crate) fn name_elided_lifetimes(
    ty: &TokenStream,
    prefix: &str,
    names: &mut Vec<Lifetime>,
) -> TokenStream {
    let mut tokens = ty.clone().into_iter().peekable();
    let mut output = TokenStream::new();
    while let Some(token) = tokens.next() {
        let quote = |it: &TokenTree| matches!(it, TokenTree::Punct(it) if it.as_char() == '\'');
        match &token {
            TokenTree::Punct(punct) if punct.as_char() == '&' => {
                let span = punct.span();
                output.extend([token]);
                if !tokens.peek().is_some_and(quote) {
                    output.extend(new_lifetime(prefix, span, names));
                }
            }
            token if quote(token) => {
                let anonymous = |it: &TokenTree| matches!(it, TokenTree::Ident(it) if it == "_");
                if tokens.next_if(anonymous).is_some() {
                    output.extend(new_lifetime(prefix, token.span(), names));
                } else {
                    output.extend([token.clone()]);
                }
            }
            TokenTree::Group(group) => {
                let inside = name_elided_lifetimes(&group.stream(), prefix, names);
                output.extend([TokenTree::Group(Group::new(group.delimiter(), inside))]);
            }
            _ => output.extend([token]),
        }
    }
    output
}

fn new_lifetime(prefix: &str, span: Span, names: &mut Vec<Lifetime>) -> TokenStream {
    let lifetime = Lifetime::new(&format!("'{prefix}{}", names.len()), span);
    names.push(lifetime.clone());
    lifetime.into_token_stream()
}

/// The same tokens at another place. An error about them points there.
pub(crate) fn respanned(tokens: &TokenStream, span: Span) -> TokenStream {
    map_tokens(tokens, &mut |mut token, _| {
        token.set_span(span);
        token
    })
}

/// A generated expression that reaches from the beginning of other tokens to their end: an error about it underlines these.
/// Errors about what is inside of its groups stay where they are.
pub(crate) fn underlining(expression: TokenStream, place: &TokenStream) -> TokenStream {
    let mut places = place.clone().into_iter().map(|token| token.span());
    let Some(first) = places.next() else { return expression };
    let last = places.last().unwrap_or(first);
    let is_sign = |token: &TokenTree| matches!(token, TokenTree::Punct(_));
    let mut tokens: Vec<_> = expression.into_iter().collect();
    // The compiler takes `::` for one sign, which begins where its first half does.
    let beginning = tokens.iter().take_while(|token| is_sign(token)).count().max(1);
    for (i, token) in tokens.iter_mut().enumerate() {
        let place = if i < beginning { first } else { last };
        token.set_span(token.span().located_at(place));
    }
    tokens.into_iter().collect()
}

/// Changes each token outside and inside of groups. The second argument of `change` is the
/// punctuation before the token, if any.
fn map_tokens(
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
                    let inside = map_tokens(&group.stream(), change);
                    let mut inside = Group::new(group.delimiter(), inside);
                    inside.set_span(group.span());
                    TokenTree::Group(inside)
                }
                token => change(token, before),
            }
        })
        .collect()
}

/// A type or a path as a person would write it.
pub(crate) fn spelled(ty: &impl ToTokens) -> String {
    let spaced = ty.to_token_stream().to_string();
    [
        (" < ", "<"),
        ("< ", "<"),
        (" >", ">"),
        (" ,", ","),
        ("& ", "&"),
        (" :: ", "::"),
        (" ::", "::"),
        (" <", "<"),
    ]
    .iter()
    .fold(spaced, |text, (from, to)| text.replace(from, to))
}

/// A type as one `CamelCase` word: `Vec<&str>` is `VecRefStr`.
pub(crate) fn camel_case(ty: &TokenStream) -> String {
    let part = |token| match token {
        TokenTree::Ident(word) => {
            let word = word.unraw().to_string();
            let mut letters = word.chars();
            letters.next().map_or_else(String::new, |first| {
                first.to_uppercase().chain(letters).filter(|letter| *letter != '_').collect()
            })
        }
        TokenTree::Literal(literal) => {
            literal.to_string().chars().filter(char::is_ascii_alphanumeric).collect()
        }
        TokenTree::Group(group) => {
            let kind = match group.delimiter() {
                Delimiter::Bracket => "Slice",
                Delimiter::Parenthesis => "Tuple",
                _ => "",
            };
            kind.to_owned() + &camel_case(&group.stream())
        }
        TokenTree::Punct(punct) => match punct.as_char() {
            '&' => "Ref".to_owned(),
            '*' => "Ptr".to_owned(),
            _ => String::new(),
        },
    };
    ty.clone().into_iter().map(part).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use quote::quote;

    #[test]
    fn lifetimes_are_told_from_words() {
        let ty = quote!(&'db db::Client<'a, [&'db str; 2]>);
        let expected = quote!(&'_ db::Client<'a, [&'_ str; 2]>);
        let inferred = infer_lifetimes(&ty, |name| name == "db");
        assert_eq!(inferred.to_string(), expected.to_string());
    }

    #[test]
    fn only_a_whole_self_inside_of_text_is_replaced() {
        let renamed = replace_self(&quote!(format!("{self:?} {self_id} self", self.id)), "this");
        let expected = quote!(format!("{this:?} {self_id} self", this.id));
        assert_eq!(renamed.to_string(), expected.to_string());
    }

    #[test]
    fn a_type_becomes_one_word() {
        assert_eq!(camel_case(&quote!(Vec<&str>)), "VecRefStr");
        assert_eq!(camel_case(&quote!([io::Page; 2])), "SliceIoPage2");
    }
}
