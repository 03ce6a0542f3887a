//! Parses an item under `#[versioned]`, as far as its version needs it.

use super::function::is_memoize;
use proc_macro2::{Ident, TokenStream};
use syn::parse::{Parse, ParseStream};
use syn::{
    Attribute, Generics, Item, ItemEnum, ItemStruct, ItemUnion, Signature, Token, Visibility,
};

/// An item with a version.
pub(crate) struct VersionedItem {
    pub(crate) attrs: Vec<Attribute>,
    pub(crate) vis: Visibility,
    pub(crate) name: Ident,
    /// The generics of a struct, an enum or a union. A function, a constant and a static have none: they are no types.
    pub(crate) type_generics: Option<Generics>,
    /// The item without its attributes and its visibility.
    pub(crate) tokens: TokenStream,
}

impl Parse for VersionedItem {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let whole = input.fork();
        let attrs = input.call(Attribute::parse_outer)?;
        if let Some(memoize) = attrs.iter().find(|attr| is_memoize(attr)) {
            let message = "a memoized function has a version already; remove `#[versioned]`";
            return Err(syn::Error::new_spanned(memoize, message));
        }
        let vis = input.parse()?;
        let item = input.fork();
        let tokens = input.parse()?;
        let is_type =
            item.peek(Token![struct]) || item.peek(Token![enum]) || item.peek(Token![union]);
        let (name, type_generics) =
            if is_type { type_name(&whole)? } else { (value_name(&item)?, None) };
        Ok(Self { attrs, vis, name, type_generics, tokens })
    }
}

fn type_name(item: ParseStream<'_>) -> syn::Result<(Ident, Option<Generics>)> {
    match item.parse()? {
        Item::Struct(ItemStruct { ident, generics, .. })
        | Item::Enum(ItemEnum { ident, generics, .. })
        | Item::Union(ItemUnion { ident, generics, .. }) => Ok((ident, Some(generics))),
        other => Err(syn::Error::new_spanned(other, OTHER_ITEM)),
    }
}

/// The name of a function, a constant or a static.
fn value_name(item: ParseStream<'_>) -> syn::Result<Ident> {
    let place = item.span();
    let refused = |_| syn::Error::new(place, OTHER_ITEM);
    if item.peek(Token![static]) {
        item.parse::<Token![static]>()?;
        item.parse::<Option<Token![mut]>>()?;
        return item.parse().map_err(refused);
    }
    if item.peek(Token![const]) && (item.peek2(syn::Ident) || item.peek2(Token![_])) {
        item.parse::<Token![const]>()?;
        let without_name = |error: syn::Error| {
            syn::Error::new(error.span(), "give the constant a name: nothing can depend on `_`")
        };
        return item.parse().map_err(without_name);
    }
    // The body is not parsed.
    let sig: Signature = item.parse().map_err(refused)?;
    match sig.receiver() {
        Some(receiver) => {
            let message = "a method has no version of its own: write `#[versioned]` on its type, or \
                           on a function in a module";
            Err(syn::Error::new_spanned(receiver, message))
        }
        None => Ok(sig.ident),
    }
}

const OTHER_ITEM: &str =
    "`#[versioned]` goes on a function, a constant, a static, a struct, an enum or a union";
