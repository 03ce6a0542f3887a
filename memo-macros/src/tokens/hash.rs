//! A hash of tokens that is the same in every build, on every platform and with every compiler.
//!
//! It reads the tokens one by one, and not their text: compilers differ in the spaces between them. Documentation does
//! not count, nor do comments, spaces, line breaks and places. Every other token does.

use proc_macro2::{Delimiter, TokenStream, TokenTree};

/// FNV-1a with 64 bits. Text is preceded by its kind and its length, so that two sequences of tokens do not give the same
/// bytes.
#[derive(Debug)]
pub(crate) struct TokenHash(u64);

impl TokenHash {
    pub(crate) fn new() -> Self {
        Self(0xcbf2_9ce4_8422_2325)
    }

    /// Adds tokens that are a part of something, under the name of the part.
    pub(crate) fn with(mut self, part: &str, tokens: &TokenStream) -> Self {
        self.text(b'n', part);
        self.tokens(tokens);
        self
    }

    pub(crate) fn finish(self) -> u64 {
        self.0
    }

    fn tokens(&mut self, tokens: &TokenStream) {
        let tokens: Vec<TokenTree> = tokens.clone().into_iter().collect();
        let mut rest = &tokens[..];
        while let Some((token, after)) = rest.split_first() {
            rest = if let Some(after) = after_documentation(rest) {
                after
            } else {
                self.token(token);
                after
            };
        }
    }

    fn token(&mut self, token: &TokenTree) {
        match token {
            TokenTree::Ident(word) => self.text(b'i', &word.to_string()),
            TokenTree::Literal(literal) => self.text(b'l', &literal.to_string()),
            // Whether another sign follows at once is left out: compilers differ in it.
            TokenTree::Punct(sign) => self.text(b'p', sign.as_char().encode_utf8(&mut [0; 4])),
            TokenTree::Group(group) => {
                let (open, close) = match group.delimiter() {
                    Delimiter::Parenthesis => (b'(', b')'),
                    Delimiter::Bracket => (b'[', b']'),
                    Delimiter::Brace => (b'{', b'}'),
                    // Only macros write these. Compilers differ in where they put them.
                    Delimiter::None => return self.tokens(&group.stream()),
                };
                self.byte(open);
                self.tokens(&group.stream());
                self.byte(close);
            }
        }
    }

    fn text(&mut self, kind: u8, text: &str) {
        self.byte(kind);
        for byte in (text.len() as u64).to_le_bytes() {
            self.byte(byte);
        }
        for byte in text.bytes() {
            self.byte(byte);
        }
    }

    fn byte(&mut self, byte: u8) {
        self.0 = (self.0 ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3);
    }
}

/// The tokens after an attribute with documentation, `#[doc ..]` or `#![doc ..]`, if the tokens begin with one. Comments with
/// three slashes are such attributes.
fn after_documentation(tokens: &[TokenTree]) -> Option<&[TokenTree]> {
    let is =
        |token: &TokenTree, sign| matches!(token, TokenTree::Punct(it) if it.as_char() == sign);
    let [first, rest @ ..] = tokens else { return None };
    let rest = match rest {
        [second, rest @ ..] if is(second, '!') => rest,
        rest => rest,
    };
    match rest {
        [TokenTree::Group(group), rest @ ..]
            if is(first, '#') && group.delimiter() == Delimiter::Bracket =>
        {
            let word = group.stream().into_iter().next()?;
            matches!(word, TokenTree::Ident(word) if word == "doc").then_some(rest)
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proc_macro2::{Group, Ident, Literal, Punct, Spacing, Span};
    use quote::quote;

    fn hash(source: &str) -> u64 {
        hash_of(&source.parse().expect("it lexes"))
    }

    fn hash_of(tokens: &TokenStream) -> u64 {
        TokenHash::new().with("tokens", tokens).finish()
    }

    #[test]
    fn the_hash_is_the_same_in_every_build() {
        assert_eq!(hash(""), 0xf032_21cb_9bdf_a84d);
        assert_eq!(hash("fn f(n: u64) -> u64 { n + 1 }"), 0x32ab_52b3_0e43_e9ff);
    }

    #[test]
    fn whitespace_and_comments_do_not_change_it() {
        let plain = hash("fn f(n: &'a [u8]) -> u64 { if n >= m { a::b(n) } else { 1 } }");
        let other = "
            /// Documentation.
            #[doc(hidden)]
            fn f ( // a comment
                n : & 'a [ u8 ]
            )->u64{ #![doc = \"inside\"]
                if n>=m { /* another */ a :: b(n) }
                else
                { 1 }
            }";
        assert_eq!(plain, hash(other));
    }

    #[test]
    fn each_changed_token_does() {
        let sources = [
            "f(a, 1) + b",
            "g(a, 1) + b",
            "f[a, 1] + b",
            "f{a, 1} + b",
            "f(a, 2) + b",
            "f(a, 1u8) + b",
            "f(a, \"1\") + b",
            "f(a, '1') + b",
            "f(a, 1) - b",
            "f(a, 1,) + b",
            "f(a), 1 + b",
            "f(a, 1 + b)",
            "f(a 1) + b",
            "f(ab, 1) + b",
            "f(a, 1) + r#b",
            "f(a, 1) + b;",
            "#[cfg(x)] f(a, 1) + b",
            "#[documented] f(a, 1) + b",
            "[doc] f(a, 1) + b",
            "1 + f(a, b)",
        ];
        for (i, source) in sources.iter().enumerate() {
            for other in &sources[..i] {
                assert_ne!(hash(source), hash(other), "{source} and {other}");
            }
        }
    }

    #[test]
    fn the_parts_are_told_apart() {
        let of = |key: TokenStream, skip: TokenStream| {
            TokenHash::new().with("key", &key).with("skip", &skip).finish()
        };
        assert_ne!(of(quote!(a), quote!()), of(quote!(), quote!(a)));
        assert_ne!(of(quote!(a), quote!(b)), of(quote!(a skip), quote!(b)));
    }

    #[test]
    fn neither_the_spacing_of_signs_nor_invisible_groups_count() {
        let signs = |spacing| {
            let sign = |it| TokenTree::from(Punct::new(it, spacing));
            let name = TokenTree::from(Ident::new("a", Span::call_site()));
            [name.clone(), sign('>'), sign('='), name].into_iter().collect::<TokenStream>()
        };
        assert_eq!(hash_of(&signs(Spacing::Joint)), hash_of(&signs(Spacing::Alone)));
        let one = TokenStream::from(TokenTree::from(Literal::u8_unsuffixed(1)));
        let group = TokenTree::from(Group::new(Delimiter::None, one));
        assert_eq!(hash_of(&quote!(f(#group))), hash_of(&quote!(f(1))));
    }
}
