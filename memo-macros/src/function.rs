//! The function as it is written: its signature understood, its body left alone.

use proc_macro2::{Group, TokenTree};
use syn::parse::{Parse, ParseStream};
use syn::{Attribute, Ident, Signature, Token, Visibility};

/// A function item.
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
            return Err(syn::Error::new_spanned(semi, "`#[memoize]` needs a function with a body"));
        }
        match input.parse()? {
            TokenTree::Group(body) => Ok(Self { attrs, vis, sig, body }),
            other => Err(syn::Error::new_spanned(other, "expected the body of the function")),
        }
    }
}

fn refuse_other_items(input: ParseStream<'_>) -> syn::Result<()> {
    let ahead = input.fork();
    let item = match ahead.call(<Ident as syn::ext::IdentExt>::parse_any) {
        Ok(word) => match word.to_string().as_str() {
            "struct" | "enum" | "union" | "type" | "mod" | "use" | "static" | "macro_rules" => {
                format!("a `{word}`")
            }
            "const"
                if !(ahead.peek(Token![fn])
                    || ahead.peek(Token![unsafe])
                    || ahead.peek(Token![async])
                    || ahead.peek(Token![extern])) =>
            {
                "a `const`".to_owned()
            }
            "trait" => "a trait".to_owned(),
            "impl" => "an impl block: annotate a free function".to_owned(),
            "let" => "a closure: name it, as a function".to_owned(),
            _ => return Ok(()),
        },
        Err(_) => return Ok(()),
    };
    Err(input.error(format!("`#[memoize]` goes on a function, not on {item}")))
}
