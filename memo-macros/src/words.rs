//! Looking through tokens that are not parsed.

use proc_macro2::{Delimiter, Group, Ident, Literal, Span, TokenStream, TokenTree};
use quote::ToTokens;
use syn::Lifetime;
use syn::ext::IdentExt;

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

/// Whether an expression may use a name, be it inside `format!("{name:>width$}")`.
pub(crate) fn uses(tokens: &TokenStream, name: &Ident) -> bool {
    let name = name.unraw();
    any_name(tokens, &|word, _| word.unraw() == name)
        || literals(tokens).iter().any(|text| captures(text, &name.to_string()).next().is_some())
}

/// Whether a type has a parameter in it, and not `Item::<..>::T`, `Iterator<T = ..>` or `'T`.
pub(crate) fn has_parameter(ty: &TokenStream, name: &Ident) -> bool {
    let name = name.unraw();
    any_name(ty, &|word, is_binding| word.unraw() == name && !is_binding)
}

/// Whether a macro is called there, which may mention what is not seen.
pub(crate) fn has_macro(tokens: &TokenStream) -> bool {
    let mut tokens = tokens.clone().into_iter().peekable();
    let mut after_name = false;
    while let Some(token) = tokens.next() {
        let is_call = match &token {
            TokenTree::Punct(sign) if sign.as_char() == '!' && after_name => {
                matches!(tokens.peek(), Some(TokenTree::Group(_)))
            }
            TokenTree::Group(group) => has_macro(&group.stream()),
            _ => false,
        };
        if is_call {
            return true;
        }
        after_name = matches!(token, TokenTree::Ident(_));
    }
    false
}

/// Whether any word stands there as a name of its own: not as a field, a method, a part of a path or
/// a lifetime. `is_meant` is also told whether it is assigned to, as an associated type is.
fn any_name(tokens: &TokenStream, is_meant: &dyn Fn(&Ident, bool) -> bool) -> bool {
    let tokens: Vec<TokenTree> = tokens.clone().into_iter().collect();
    let sign = |i: Option<usize>| match tokens.get(i?) {
        Some(TokenTree::Punct(punct)) => Some(punct.as_char()),
        _ => None,
    };
    tokens.iter().enumerate().any(|(i, token)| match token {
        TokenTree::Ident(word) => {
            let is_part = match (sign(i.checked_sub(2)), sign(i.checked_sub(1))) {
                (Some(':'), Some(':')) | (_, Some('\'')) => true,
                (before, Some('.')) => before != Some('.'),
                _ => false,
            };
            let is_binding = sign(Some(i + 1)) == Some('=') && sign(Some(i + 2)) != Some('=');
            !is_part && is_meant(word, is_binding)
        }
        TokenTree::Group(group) => any_name(&group.stream(), is_meant),
        _ => false,
    })
}

fn literals(tokens: &TokenStream) -> Vec<String> {
    tokens
        .clone()
        .into_iter()
        .flat_map(|token| match token {
            TokenTree::Literal(literal) => vec![literal.to_string()],
            TokenTree::Group(group) => literals(&group.stream()),
            _ => Vec::new(),
        })
        .collect()
}

/// Where a format string captures a name: after the brace in `{name}`, and before the `$` of `width$`.
fn captures<'t>(text: &'t str, name: &'t str) -> impl Iterator<Item = usize> + 't {
    let is_word = |letter: char| letter.is_alphanumeric() || letter == '_';
    text.match_indices(name).map(|(at, _)| at).filter(move |at| {
        let (before, after) = (&text[..*at], &text[at + name.len()..]);
        let ends = !after.starts_with(is_word);
        ends && (before.ends_with('{') || (after.starts_with('$') && !before.ends_with(is_word)))
    })
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

/// The tokens with `Self` spelled out, where it is not the beginning of a path.
pub(crate) fn without_own_type(tokens: &TokenStream, own_type: &TokenStream) -> TokenStream {
    let mut tokens = tokens.clone().into_iter().peekable();
    let mut spelled = TokenStream::new();
    while let Some(token) = tokens.next() {
        let begins_path =
            matches!(tokens.peek(), Some(TokenTree::Punct(next)) if next.as_char() == ':');
        match token {
            TokenTree::Ident(word) if word == "Self" && !begins_path => {
                spelled.extend(own_type.clone());
            }
            TokenTree::Group(group) => {
                let inside = without_own_type(&group.stream(), own_type);
                spelled.extend([TokenTree::Group(Group::new(group.delimiter(), inside))]);
            }
            token => spelled.extend([token]),
        }
    }
    spelled
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

/// The tokens of a type with a name for each lifetime that is left out, which are also collected.
pub(crate) fn with_named_lifetimes(
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
                    output.extend(fresh(prefix, span, names));
                }
            }
            token if quote(token) => {
                let anonymous = |it: &TokenTree| matches!(it, TokenTree::Ident(it) if it == "_");
                if tokens.next_if(anonymous).is_some() {
                    output.extend(fresh(prefix, token.span(), names));
                } else {
                    output.extend([token.clone()]);
                }
            }
            TokenTree::Group(group) => {
                let inside = with_named_lifetimes(&group.stream(), prefix, names);
                output.extend([TokenTree::Group(Group::new(group.delimiter(), inside))]);
            }
            _ => output.extend([token]),
        }
    }
    output
}

fn fresh(prefix: &str, span: Span, names: &mut Vec<Lifetime>) -> TokenStream {
    let lifetime = Lifetime::new(&format!("'{prefix}{}", names.len()), span);
    names.push(lifetime.clone());
    lifetime.into_token_stream()
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
    fn a_name_is_told_from_fields_paths_and_bindings() {
        let item: Ident = syn::parse_quote!(item);
        for used in
            [quote!(f(item)), quote!(a..item), quote!(format!("{item:>3}")), quote!("{:item$}")]
        {
            assert!(uses(&used, &item), "{used}");
        }
        for other in
            [quote!(a.item), quote!(m::item), quote!("{items}"), quote!("item"), quote!('item)]
        {
            assert!(!uses(&other, &item), "{other}");
        }
        assert!(has_parameter(&quote!(Vec<item>), &item));
        assert!(!has_parameter(&quote!(impl Iterator<item = u32>), &item));
    }

    #[test]
    fn a_macro_is_told_from_other_signs() {
        for called in [quote!(hidden!()), quote!(Vec<m::ty![T]>), quote!((u8, [u8; n! {}]))] {
            assert!(has_macro(&called), "{called}");
        }
        for other in [quote!(a != (b)), quote!(!(a)), quote!(Vec<!>)] {
            assert!(!has_macro(&other), "{other}");
        }
    }

    #[test]
    fn self_inside_of_text_is_found_whole() {
        let renamed = without_self(&quote!(format!("{self:?} {self_id} self", self.id)), "this");
        let expected = quote!(format!("{this:?} {self_id} self", this.id));
        assert_eq!(renamed.to_string(), expected.to_string());
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
