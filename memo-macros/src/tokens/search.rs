//! Searches tokens that are not parsed: for a word, a name in use, a macro call, a borrow.

use proc_macro2::{Delimiter, Ident, TokenStream, TokenTree};
use quote::quote;
use syn::ext::IdentExt;

/// All identifiers, including those inside groups.
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

/// The first occurrence of a word.
pub(crate) fn find_word(tokens: &TokenStream, word: &str) -> Option<Ident> {
    words(tokens).into_iter().find(|ident| ident == word)
}

/// Whether an expression may use a name, also inside `format!("{name:>width$}")`.
pub(crate) fn uses(tokens: &TokenStream, name: &Ident) -> bool {
    let name = name.unraw();
    find_name(tokens, &|word, _| word.unraw() == name).is_some()
        || literals(tokens).iter().any(|text| captures(text, &name.to_string()).next().is_some())
}

/// Whether a type mentions a parameter. `Item::<..>::T`, `Iterator<T = ..>` and `'T` do not count.
pub(crate) fn has_parameter(ty: &TokenStream, name: &Ident) -> bool {
    let name = name.unraw();
    let is_binding = |next: &[TokenTree]| is_sign(next.first(), '=') && !is_sign(next.get(1), '=');
    find_name(ty, &|word, next| word.unraw() == name && !is_binding(next)).is_some()
}

/// The first place where an expression reads a variable. An expression that binds names of its own is not searched. What
/// is called, and what comes before `::` or `:`, is taken for something else.
pub(crate) fn find_variable(tokens: &TokenStream, name: &Ident) -> Option<Ident> {
    let is_read = |word: &Ident, next: &[TokenTree]| {
        let is_else = match next.first() {
            Some(TokenTree::Group(group)) => group.delimiter() == Delimiter::Parenthesis,
            next => is_sign(next, ':') || is_sign(next, '!'),
        };
        word == name && !is_else
    };
    if binds_names(tokens) { None } else { find_name(tokens, &is_read) }
}

fn binds_names(tokens: &TokenStream) -> bool {
    tokens.clone().into_iter().any(|token| match token {
        TokenTree::Ident(word) => ["let", "match", "for", "fn"].iter().any(|it| word == it),
        TokenTree::Punct(sign) => sign.as_char() == '|',
        TokenTree::Group(group) => binds_names(&group.stream()),
        TokenTree::Literal(_) => false,
    })
}

/// Whether the tokens call a macro. Its output may mention names that are not visible here.
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

/// The first word that is a name and that `is_match` accepts: not a field, a method, a later part of a path or a
/// lifetime. Its second argument is what follows the word.
fn find_name(
    tokens: &TokenStream,
    is_match: &dyn Fn(&Ident, &[TokenTree]) -> bool,
) -> Option<Ident> {
    let tokens: Vec<TokenTree> = tokens.clone().into_iter().collect();
    let sign = |i: Option<usize>| match tokens.get(i?) {
        Some(TokenTree::Punct(punct)) => Some(punct.as_char()),
        _ => None,
    };
    tokens.iter().enumerate().find_map(|(i, token)| match token {
        TokenTree::Ident(word) => {
            let is_part = match (sign(i.checked_sub(2)), sign(i.checked_sub(1))) {
                (Some(':'), Some(':')) | (_, Some('\'')) => true,
                (before, Some('.')) => before != Some('.'),
                _ => false,
            };
            (!is_part && is_match(word, &tokens[i + 1..])).then(|| word.clone())
        }
        TokenTree::Group(group) => find_name(&group.stream(), is_match),
        _ => None,
    })
}

fn is_sign(token: Option<&TokenTree>, sign: char) -> bool {
    matches!(token, Some(TokenTree::Punct(punct)) if punct.as_char() == sign)
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

/// The positions where a format string captures a name: after the brace of `{name}`, and before the
/// `$` of `width$`.
pub(super) fn captures<'t>(text: &'t str, name: &'t str) -> impl Iterator<Item = usize> + 't {
    let is_word = |letter: char| letter.is_alphanumeric() || letter == '_';
    text.match_indices(name).map(|(at, _)| at).filter(move |at| {
        let (before, after) = (&text[..*at], &text[at + name.len()..]);
        let ends = !after.starts_with(is_word);
        ends && (before.ends_with('{') || (after.starts_with('$') && !before.ends_with(is_word)))
    })
}

/// The first `Self` in a body. Items inside the body and macro calls are skipped: their `Self` may be
/// another type.
pub(crate) fn find_self_type_in_body(body: &TokenStream) -> Option<Ident> {
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
                if let Some(word) = find_self_type_in_body(&group.stream()) {
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

/// The first `Self` that stands for the whole type. `Self::Item` does not count.
pub(crate) fn find_whole_self_type(ty: &TokenStream) -> Option<Ident> {
    let mut tokens = ty.clone().into_iter().peekable();
    while let Some(token) = tokens.next() {
        let found = match token {
            TokenTree::Ident(word) if word == "Self" => match tokens.peek() {
                Some(TokenTree::Punct(next)) if next.as_char() == ':' => None,
                _ => Some(word),
            },
            TokenTree::Group(group) => find_whole_self_type(&group.stream()),
            _ => None,
        };
        if found.is_some() {
            return found;
        }
    }
    None
}

/// The first `&mut` in a type, at any depth: `Option<&mut Log>`.
pub(crate) fn find_mut_reference(ty: &TokenStream) -> Option<TokenStream> {
    let mut tokens = ty.clone().into_iter().peekable();
    while let Some(token) = tokens.next() {
        let found = match token {
            // The arguments of a function pointer are not values of this type.
            TokenTree::Ident(word) if word == "fn" => return None,
            TokenTree::Group(group) => find_mut_reference(&group.stream()),
            TokenTree::Punct(punct) if punct.as_char() == '&' => {
                if tokens.next_if(|it| it.to_string() == "'").is_some() {
                    tokens.next();
                }
                match tokens.peek() {
                    Some(TokenTree::Ident(word)) if word == "mut" => Some(quote!(#punct #word)),
                    _ => None,
                }
            }
            _ => None,
        };
        if found.is_some() {
            return found;
        }
    }
    None
}

/// Whether a type, as written, borrows for less than `'static`.
pub(crate) fn borrows(ty: &TokenStream) -> bool {
    borrows_for(ty, &|lifetime| lifetime.is_none_or(|name| name != "static"))
}

/// Whether a type, as written, borrows for a lifetime without a name.
pub(crate) fn borrows_without_a_name(ty: &TokenStream) -> bool {
    borrows_for(ty, &|lifetime| lifetime.is_none_or(|name| name == "_"))
}

fn borrows_for(ty: &TokenStream, counts: &dyn Fn(Option<&Ident>) -> bool) -> bool {
    let mut tokens = ty.clone().into_iter().peekable();
    while let Some(token) = tokens.next() {
        let borrows = match token {
            // A function pointer does not borrow its arguments or its result.
            TokenTree::Ident(word) if word == "fn" || word == "for" => return false,
            TokenTree::Group(group) => borrows_for(&group.stream(), counts),
            // The next case decides about a reference that has a lifetime.
            TokenTree::Punct(punct) if punct.as_char() == '&' => {
                !matches!(tokens.peek(), Some(TokenTree::Punct(next)) if next.as_char() == '\'')
                    && counts(None)
            }
            TokenTree::Punct(punct) if punct.as_char() == '\'' => match tokens.next() {
                Some(TokenTree::Ident(name)) => counts(Some(&name)),
                _ => false,
            },
            _ => false,
        };
        if borrows {
            return true;
        }
    }
    false
}

/// The names of types that stand alone: no part of a path, no lifetime, no trait after `dyn`, without arguments.
pub(crate) fn lone_names(ty: &TokenStream) -> Vec<Ident> {
    let tokens: Vec<TokenTree> = ty.clone().into_iter().collect();
    let sign = |i: Option<usize>| match tokens.get(i?) {
        Some(TokenTree::Punct(punct)) => Some(punct.as_char()),
        _ => None,
    };
    let mut names = Vec::new();
    let mut is_trait = false;
    for (i, token) in tokens.iter().enumerate() {
        match token {
            TokenTree::Ident(word) if word == "dyn" || word == "impl" => is_trait = true,
            TokenTree::Ident(word) => {
                let is_keyword =
                    ["as", "const", "fn", "for", "mut", "unsafe"].iter().any(|it| word == it);
                let is_part = matches!(sign(i.checked_sub(1)), Some('\'' | ':'))
                    || matches!(sign(Some(i + 1)), Some('<' | ':' | '='));
                if !(is_trait || is_keyword || is_part) {
                    names.push(word.clone());
                }
            }
            TokenTree::Group(group) if !is_trait => names.extend(lone_names(&group.stream())),
            TokenTree::Punct(punct) if punct.as_char() == ',' => is_trait = false,
            _ => {}
        }
    }
    names
}

/// Whether a type, as written, has a lifetime with a name.
pub(crate) fn find_lifetime(ty: &TokenStream) -> bool {
    let mut tokens = ty.clone().into_iter();
    while let Some(token) = tokens.next() {
        let found = match token {
            TokenTree::Group(group) => find_lifetime(&group.stream()),
            TokenTree::Punct(punct) if punct.as_char() == '\'' => {
                matches!(tokens.next(), Some(TokenTree::Ident(name)) if name != "_")
            }
            _ => false,
        };
        if found {
            return true;
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;
    use quote::quote;

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
    fn a_variable_that_is_read_is_told_from_other_things_of_its_name() {
        let item: Ident = syn::parse_quote!(item);
        let reads = |tokens: TokenStream| find_variable(&tokens, &item).is_some();
        assert!(
            reads(quote!(log.push(item)))
                && reads(quote!({
                    item.forget(key);
                }))
        );
        assert!(reads(quote!(Gone { item, why })) && reads(quote!(item = 1)));
        assert!(!reads(quote!(item(key))) && !reads(quote!(item::close(key))));
        assert!(!reads(quote!(item!(key))) && !reads(quote!(Gone { item: key })));
        assert!(
            !reads(quote!({
                let item = key;
                f(item)
            })) && !reads(quote!(all(|item| f(item))))
        );
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
    fn the_self_type_of_an_item_inside_a_body_is_not_the_functions() {
        let found = |body: TokenStream| find_self_type_in_body(&body).is_some();
        assert!(found(quote!(let x = Self::new(); x)));
        assert!(found(quote!(struct P(u8);, if a { Self { x } } else { b })));
        assert!(!found(quote!(impl P { fn new() -> Self { Self } } P::new())));
        assert!(!found(quote!(quote!(Self))));
    }
}
