//! Parses an impl block or a trait under `#[memoize]`. Only the functions that carry the attribute
//! as well are parsed; every other item stays as tokens.

use super::function::{Function, is_memoize, name_of_this_attribute};
use crate::tokens::rewrite::{name_elided_lifetimes, replace_self_type};
use crate::tokens::search::find_word;
use proc_macro2::{Delimiter, Group, Ident, TokenStream, TokenTree};
use quote::{ToTokens, quote};
use syn::parse::{ParseStream, Parser};
use syn::punctuated::Punctuated;
use syn::{Attribute, Generics, ItemImpl, ItemTrait, Meta, Path, Token, Type, TypeParamBound};

pub(crate) struct Block {
    /// Everything before the braces.
    head: TokenStream,
    pub(crate) kind: Kind,
    pub(crate) items: Vec<Item>,
    braces: Group,
    name: AttributeName,
}

/// The name under which the attribute of the block was imported. Its functions have it under the same name.
struct AttributeName(Option<Ident>);

impl AttributeName {
    fn of_this_attribute() -> Self {
        Self(name_of_this_attribute())
    }

    fn is_of(&self, attr: &Attribute) -> bool {
        let last = attr.path().segments.last();
        is_memoize(attr) || last.is_some_and(|last| self.0.as_ref() == Some(&last.ident))
    }

    /// Whether `cfg_attr` hides the attribute.
    fn is_hidden_in(&self, attr: &Attribute) -> bool {
        let tokens = attr.to_token_stream();
        let is_in = |name: &str| find_word(&tokens, name).is_some();
        let other = self.0.as_ref().is_some_and(|name| is_in(&name.to_string()));
        attr.path().is_ident("cfg_attr") && (is_in("memoize") || other)
    }
}

pub(crate) type Bounds = Punctuated<TypeParamBound, Token![+]>;

pub(crate) enum Kind {
    Inherent(Box<ItemImpl>),
    /// With its name and the traits above it.
    Trait(Generics, Ident, Bounds),
    /// With the path of the trait.
    TraitImpl(Box<ItemImpl>, Path),
}

pub(crate) enum Item {
    Memoized(Box<MemoizedItem>),
    Other(TokenStream),
}

/// A function with `#[memoize]`, which is removed from its attributes.
pub(crate) struct MemoizedItem {
    pub(crate) function: Function,
    /// The options in its attribute.
    pub(crate) options: TokenStream,
}

impl Block {
    /// The block, or `None` if the tokens are something else.
    pub(crate) fn parse(tokens: &TokenStream) -> Option<syn::Result<Self>> {
        let mut head: Vec<TokenTree> = tokens.clone().into_iter().collect();
        let word = head.iter().find_map(|token| match token {
            TokenTree::Ident(word)
                if ["pub", "unsafe", "default", "auto", "crate"].iter().all(|it| word != it) =>
            {
                Some(word.to_string())
            }
            _ => None,
        });
        let is_trait = match word.as_deref() {
            Some("impl") => false,
            Some("trait") => true,
            _ => return None,
        };
        let Some(TokenTree::Group(braces)) = head.pop() else { return None };
        Some(Self::from_parts(head.into_iter().collect(), braces, is_trait))
    }

    fn from_parts(head: TokenStream, braces: Group, is_trait: bool) -> syn::Result<Self> {
        let empty = quote!(#head {});
        let name = AttributeName::of_this_attribute();
        let kind = if is_trait {
            let block: ItemTrait = syn::parse2(empty)?;
            refuse_second_attribute(&block.attrs, &name)?;
            Kind::Trait(block.generics, block.ident, block.supertraits)
        } else {
            let block: ItemImpl = syn::parse2(empty)?;
            refuse_second_attribute(&block.attrs, &name)?;
            match &block.trait_ {
                None => Kind::Inherent(Box::new(block)),
                Some((path, _)) => {
                    let path = path.clone();
                    let (block, path) = with_explicit_head(block, &path)?;
                    Kind::TraitImpl(Box::new(block), path)
                }
            }
        };
        let items = |input: ParseStream<'_>| {
            let mut items = Vec::new();
            while !input.is_empty() {
                items.push(item(input, &name)?);
            }
            Ok(items)
        };
        let items = items.parse2(braces.stream())?;
        Ok(Self { head, kind, items, braces, name })
    }

    /// The block with other items.
    pub(crate) fn with_items(&self, items: TokenStream) -> TokenStream {
        let head = &self.head;
        let mut block = Group::new(Delimiter::Brace, items);
        block.set_span(self.braces.span());
        quote!(#head #block)
    }

    /// The block as it was, without the attributes of its functions.
    pub(crate) fn original(&self) -> TokenStream {
        self.with_items(without_attributes(self.braces.stream(), &self.name))
    }

    pub(crate) fn generics(&self) -> &Generics {
        match &self.kind {
            Kind::Trait(generics, ..) => generics,
            Kind::Inherent(block) | Kind::TraitImpl(block, _) => &block.generics,
        }
    }

    /// The type that `Self` stands for. A trait does not know it.
    pub(crate) fn self_type(&self) -> Option<&Type> {
        match &self.kind {
            Kind::Trait(..) => None,
            Kind::Inherent(block) | Kind::TraitImpl(block, _) => Some(&block.self_ty),
        }
    }

    /// Whether an item ends with braces, as the body of a function does.
    pub(crate) fn has_body(&self) -> bool {
        self.items.iter().any(|item| match item {
            Item::Memoized(_) => true,
            Item::Other(tokens) => matches!(
                tokens.clone().into_iter().last(),
                Some(TokenTree::Group(group)) if group.delimiter() == Delimiter::Brace
            ),
        })
    }

    pub(crate) fn memoized(&self) -> impl Iterator<Item = &MemoizedItem> {
        self.items.iter().filter_map(|item| match item {
            Item::Memoized(memoized) => Some(&**memoized),
            Item::Other(_) => None,
        })
    }
}

/// The prefix of the names that elided lifetimes are given.
const ELIDED: &str = "elided";

pub(crate) fn is_elided(lifetime: &Ident) -> bool {
    lifetime.to_string().starts_with(ELIDED)
}

/// An impl block of a trait whose head names every lifetime and spells `Self` out. The trait that
/// holds the controls needs such a head: `impl<'elided0> From<&'elided0 str> for Word`.
fn with_explicit_head(mut block: ItemImpl, path: &Path) -> syn::Result<(ItemImpl, Path)> {
    let mut names = Vec::new();
    let self_type = block.self_ty.to_token_stream();
    let self_type = name_elided_lifetimes(&self_type, ELIDED, &mut names);
    let path = name_elided_lifetimes(&path.to_token_stream(), ELIDED, &mut names);
    let path = syn::parse2(replace_self_type(&path, &self_type))?;
    block.self_ty = syn::parse2(self_type)?;
    for (i, name) in names.iter().enumerate() {
        block.generics.params.insert(i, syn::parse_quote!(#name));
    }
    Ok((block, path))
}

fn item(input: ParseStream<'_>, name: &AttributeName) -> syn::Result<Item> {
    let ahead = input.fork();
    let attrs = ahead.call(Attribute::parse_outer)?;
    if let Some(attr) = attrs.iter().find(|attr| name.is_hidden_in(attr)) {
        let message = "the block cannot see `memoize` inside of `cfg_attr`; write `#[memoize]`";
        return Err(syn::Error::new_spanned(attr, message));
    }
    if attrs.iter().any(|attr| name.is_of(attr)) {
        let mut function: Function = input.parse()?;
        let own = function.attrs.iter().position(|attr| name.is_of(attr)).unwrap_or_default();
        let options = match function.attrs.remove(own).meta {
            Meta::List(list) => list.tokens,
            _ => TokenStream::new(),
        };
        return Ok(Item::Memoized(Box::new(MemoizedItem { function, options })));
    }
    other_item(input).map(Item::Other)
}

/// The tokens of one item, up to its `;` or its braces.
fn other_item(input: ParseStream<'_>) -> syn::Result<TokenStream> {
    let mut tokens = TokenStream::new();
    let mut is_function = false;
    loop {
        let token: TokenTree = input.parse()?;
        is_function |= matches!(&token, TokenTree::Ident(word) if word == "fn");
        let is_macro = matches!(&token, TokenTree::Punct(punct) if punct.as_char() == '!');
        let ends = match &token {
            TokenTree::Punct(punct) => punct.as_char() == ';',
            // The first braces in `-> Array<{ N + 1 }> { .. }` do not end the item.
            TokenTree::Group(group) => {
                is_function
                    && group.delimiter() == Delimiter::Brace
                    && !(input.peek(Token![>]) || input.peek(Token![,]))
            }
            _ => false,
        };
        tokens.extend([token]);
        if ends || input.is_empty() {
            return Ok(tokens);
        }
        // `name! { .. }` needs no semicolon.
        if is_macro && input.peek(syn::token::Brace) {
            tokens.extend([input.parse::<TokenTree>()?]);
            return Ok(tokens);
        }
    }
}

fn refuse_second_attribute(attrs: &[Attribute], name: &AttributeName) -> syn::Result<()> {
    let twice =
        |attr| syn::Error::new_spanned(attr, "the block is memoized twice; keep one of the two");
    attrs.iter().find(|attr| name.is_of(attr)).map_or(Ok(()), |attr| Err(twice(attr)))
}

/// A block that cannot be parsed, without the attributes of the block and of its functions.
pub(crate) fn unparsed_original(block: &TokenStream) -> TokenStream {
    let name = AttributeName::of_this_attribute();
    let tokens = without_attributes(block.clone(), &name);
    let mut tokens: Vec<TokenTree> = tokens.into_iter().collect();
    if let Some(TokenTree::Group(items)) = tokens.last_mut() {
        let span = items.span();
        *items = Group::new(items.delimiter(), without_attributes(items.stream(), &name));
        items.set_span(span);
    }
    tokens.into_iter().collect()
}

/// The tokens without each `#[memoize]` that is not inside of a group.
fn without_attributes(items: TokenStream, name: &AttributeName) -> TokenStream {
    let tokens: Vec<TokenTree> = items.into_iter().collect();
    let mut output = TokenStream::new();
    let mut i = 0;
    while let Some(token) = tokens.get(i) {
        let attr = match (token, tokens.get(i + 1)) {
            (TokenTree::Punct(hash), Some(TokenTree::Group(group))) if hash.as_char() == '#' => {
                Attribute::parse_outer.parse2(quote!(# #group)).unwrap_or_default()
            }
            _ => Vec::new(),
        };
        if attr.iter().any(|attr| name.is_of(attr) || name.is_hidden_in(attr)) {
            i += 2;
        } else {
            output.extend([token.clone()]);
            i += 1;
        }
    }
    output
}
