//! `#[memoize]` on an impl block or a trait: the functions in it that are marked, with what can be
//! known of them only from outside.
//!
//! ```text
//! // Input:
//! #[memoize(ttl = "1h")]
//! impl Load for Client {
//!     type Page = String;
//!     #[memoize(skip(self))]
//!     fn load(&self, path: &str) -> Self::Page { body }
//! }
//!
//! // Output: an impl block of a trait holds nothing but what the trait has, so that the controls are
//! // in a trait of their own.
//! impl Load for Client {
//!     type Page = String;
//!     fn load(&self, path: &str) -> Self::Page { match enter(..) { .. } }
//! }
//! trait ClientLoadControls: Load {
//!     fn load_uncached(&self, path: &str) -> Self::Page;
//!     type load_cache; fn load_cache() -> Self::load_cache;
//! }
//! impl ClientLoadControls for Client { .. }
//! ```

use crate::check;
use crate::errors::Errors;
use crate::expand::{Expansion, expansion};
use crate::form::has_no_size;
use crate::function::{Function, is_mark};
use crate::helper::Helper;
use crate::home::Home;
use crate::model::Model;
use crate::options::Options;
use crate::params::{arguments, parameters, unsized_types};
use crate::words::{find_word, spelled, with_named_lifetimes, without_lifetimes, without_own_type};
use proc_macro2::{Delimiter, Group, Ident, Span, TokenStream, TokenTree};
use quote::{ToTokens, format_ident, quote};
use std::rc::Rc;
use syn::ext::IdentExt;
use syn::parse::{ParseStream, Parser};
use syn::{Attribute, Generics, ItemImpl, ItemTrait, Meta, Path, Token, Type};

/// A block: what it says of itself, and its items.
pub(crate) struct Block {
    /// All that is before the items.
    head: TokenStream,
    kind: Kind,
    items: Vec<Item>,
    braces: Group,
}

enum Kind {
    Inherent(Box<ItemImpl>),
    Trait(Generics),
    TraitImpl(Box<ItemImpl>, Path),
}

enum Item {
    Marked(Box<Marked>),
    Other(TokenStream),
}

/// A function to be memoized.
struct Marked {
    function: Function,
    /// What its attribute says.
    options: TokenStream,
}

impl Block {
    /// The block, if the tokens are one.
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
        Some(Self::with(head.into_iter().collect(), braces, is_trait))
    }

    fn with(head: TokenStream, braces: Group, is_trait: bool) -> syn::Result<Self> {
        let empty = quote!(#head {});
        let kind = if is_trait {
            let block: ItemTrait = syn::parse2(empty)?;
            refuse_marks(&block.attrs)?;
            Kind::Trait(block.generics)
        } else {
            let block: ItemImpl = syn::parse2(empty)?;
            refuse_marks(&block.attrs)?;
            match &block.trait_ {
                None => Kind::Inherent(Box::new(block)),
                Some((path, _)) => {
                    let path = path.clone();
                    let (block, path) = with_lifetimes(block, &path)?;
                    Kind::TraitImpl(Box::new(block), path)
                }
            }
        };
        let items = |input: ParseStream<'_>| {
            let mut items = Vec::new();
            while !input.is_empty() {
                items.push(item(input)?);
            }
            Ok(items)
        };
        let items = items.parse2(braces.stream())?;
        Ok(Self { head, kind, items, braces })
    }

    fn around(&self, items: TokenStream) -> TokenStream {
        let head = &self.head;
        let mut block = Group::new(Delimiter::Brace, items);
        block.set_span(self.braces.span());
        quote!(#head #block)
    }

    fn generics(&self) -> &Generics {
        match &self.kind {
            Kind::Trait(generics) => generics,
            Kind::Inherent(block) | Kind::TraitImpl(block, _) => &block.generics,
        }
    }

    /// What `Self` is, unless it is left to others.
    fn own_type(&self) -> Option<&Type> {
        match &self.kind {
            Kind::Trait(_) => None,
            Kind::Inherent(block) | Kind::TraitImpl(block, _) => Some(&block.self_ty),
        }
    }

    fn home(&self, options: &Options) -> Home {
        let own_type = Ident::new("Self", Span::call_site());
        let mut parameters: Vec<_> = parameters(self.generics()).cloned().collect();
        let types = [self.own_type().to_token_stream(), self.generics().to_token_stream()];
        let is_generic = types.iter().any(|ty| ty.to_string().contains(['\'', '&', '<']));
        if is_generic || matches!(self.kind, Kind::Trait(_)) {
            parameters.push(own_type);
        }
        let label = options.name.as_ref().map(|name| name.value.value());
        let mut unsized_types = unsized_types(self.generics());
        if self.own_type().is_some_and(has_no_size) {
            unsized_types.push(Ident::new("Self", Span::call_site()));
        }
        match &self.kind {
            Kind::TraitImpl(block, path) => {
                let name = extension_name(options, path, &block.self_ty);
                // The user's block does not have the names of lifetimes that it has left out.
                let arguments = arguments(&block.generics);
                let arguments = without_lifetimes(&arguments.to_token_stream(), is_elided);
                Home::TraitImpl {
                    parameters,
                    label,
                    unsized_types,
                    own_type: block.self_ty.to_token_stream(),
                    implements: spelled(&without_lifetimes(&path.to_token_stream(), is_elided)),
                    extension: quote!(#name #arguments),
                }
            }
            _ => Home::Block { parameters, label, unsized_types },
        }
    }
}

/// The expansion of a block.
pub(crate) fn expand(options: &Options, block: &Block, mut errors: Errors) -> TokenStream {
    let in_trait_impl = matches!(block.kind, Kind::TraitImpl(..));
    let marked = || {
        block.items.iter().filter_map(|item| match item {
            Item::Marked(marked) => Some(&**marked),
            Item::Other(_) => None,
        })
    };
    let functions: Vec<_> = marked().map(|marked| &marked.function).collect();
    check::block(options, &functions, in_trait_impl, &mut errors);
    let home = Rc::new(block.home(options));
    let mut own_options = Vec::new();
    for Marked { function, options: own } in marked() {
        let own = Options::parse(own.clone(), &mut errors).or(options, function);
        check::check(&own, function, &home, &mut errors);
        if let Some(own_type) = block.own_type() {
            check::own_type(&own, function, own_type, &mut errors);
        }
        own_options.push(own);
    }
    if let Some(errors) = errors.into_compile_errors() {
        let block = block.around(unmarked(block.braces.stream()));
        return quote!(#errors #block);
    }
    let mut own_options = own_options.into_iter();
    let mut helpers = Vec::new();
    let mut items = TokenStream::new();
    for item in &block.items {
        match item {
            Item::Other(tokens) => items.extend(tokens.clone()),
            Item::Marked(marked) => {
                let options = own_options.next().unwrap_or_default();
                for case in marked.function.clone().cases() {
                    let model = Model::new(options.clone(), case, Rc::clone(&home));
                    let expansion: Expansion = expansion(&model);
                    items.extend(expansion.memoized);
                    helpers.extend(expansion.helpers);
                }
            }
        }
    }
    if let Kind::TraitImpl(implementation, path) = &block.kind {
        let implemented = block.around(items);
        let extension = extension(options, &home, implementation, path, &helpers);
        quote!(#implemented #extension)
    } else {
        items.extend(helpers.iter().map(Helper::inherent));
        block.around(items)
    }
}

/// The trait that holds the controls of a trait's methods.
fn extension(
    options: &Options,
    home: &Home,
    block: &ItemImpl,
    path: &Path,
    helpers: &[Helper],
) -> TokenStream {
    let Home::TraitImpl { own_type, implements, .. } = home else { return TokenStream::new() };
    let name = extension_name(options, path, &block.self_ty);
    let arguments = arguments(&block.generics);
    let vis = options.controls.as_ref().map(|controls| &controls.value.vis);
    let (params, clause, self_ty) = (&block.generics, &block.generics.where_clause, &block.self_ty);
    let cfgs: Vec<_> = block.attrs.iter().filter(|attr| attr.path().is_ident("cfg")).collect();
    let doc = format!(
        " The controls of the memoized functions that `{}` has as `{}`.",
        spelled(own_type),
        implements
    );
    let declarations = helpers.iter().map(Helper::declaration);
    let implementations = helpers.iter().map(Helper::implementation);
    let params = (!params.params.is_empty()).then(|| quote!(#params));
    quote! {
        #(#cfgs)*
        #[doc = #doc]
        #[allow(
            dead_code, non_camel_case_types, private_bounds, private_interfaces, clippy::all,
            clippy::pedantic
        )]
        #vis trait #name #params: #path #clause { #(#declarations)* }
        #(#cfgs)*
        #[allow(non_camel_case_types)]
        impl #params #name #arguments for #self_ty #clause { #(#implementations)* }
    }
}

/// An impl block of a trait with a name for every lifetime that is left out of its head, and with
/// `Self` spelled out there, as the head of a trait needs it: `impl<'elided0> From<&'elided0 str> for Word`.
fn with_lifetimes(mut block: ItemImpl, path: &Path) -> syn::Result<(ItemImpl, Path)> {
    let mut names = Vec::new();
    let own_type = block.self_ty.to_token_stream();
    let own_type = with_named_lifetimes(&own_type, ELIDED, &mut names);
    let path = with_named_lifetimes(&path.to_token_stream(), ELIDED, &mut names);
    let path = syn::parse2(without_own_type(&path, &own_type))?;
    block.self_ty = syn::parse2(own_type)?;
    for (i, name) in names.iter().enumerate() {
        block.generics.params.insert(i, syn::parse_quote!(#name));
    }
    Ok((block, path))
}

const ELIDED: &str = "elided";

fn is_elided(name: &Ident) -> bool {
    name.to_string().starts_with(ELIDED)
}

/// `ClientLoadControls`, for `impl Load for Client`, unless it is said.
fn extension_name(options: &Options, path: &Path, self_ty: &Type) -> Ident {
    if let Some(controls) = &options.controls {
        return controls.value.ident.clone();
    }
    let (of, does) = (camel_case(&self_ty.to_token_stream()), camel_case(&path.to_token_stream()));
    format_ident!("{of}{does}Controls", span = Span::call_site())
}

/// The words of a type, and what it has between them that is not a word.
fn camel_case(ty: &TokenStream) -> String {
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

/// One item: a function that is marked, taken apart, or any other, as it is.
fn item(input: ParseStream<'_>) -> syn::Result<Item> {
    let ahead = input.fork();
    let attrs = ahead.call(Attribute::parse_outer)?;
    if let Some(attr) = attrs.iter().find(|attr| hides_mark(attr)) {
        let message = "the block cannot see `memoize` inside of `cfg_attr`; write `#[memoize]`";
        return Err(syn::Error::new_spanned(attr, message));
    }
    if attrs.iter().any(is_mark) {
        let mut function: Function = input.parse()?;
        let mark = function.attrs.iter().position(is_mark).unwrap_or_default();
        let options = match function.attrs.remove(mark).meta {
            Meta::List(list) => list.tokens,
            _ => TokenStream::new(),
        };
        if let Some(function) = check::without_size(&function, &quote!(::memofn)) {
            return Ok(Item::Other(function));
        }
        return Ok(Item::Marked(Box::new(Marked { function, options })));
    }
    let mut tokens = TokenStream::new();
    let mut is_function = false;
    loop {
        let token: TokenTree = input.parse()?;
        is_function |= matches!(&token, TokenTree::Ident(word) if word == "fn");
        let is_macro = matches!(&token, TokenTree::Punct(punct) if punct.as_char() == '!');
        let ends = match &token {
            TokenTree::Punct(punct) => punct.as_char() == ';',
            // Not the braces in `-> Array<{ N + 1 }> { .. }`.
            TokenTree::Group(group) => {
                is_function
                    && group.delimiter() == Delimiter::Brace
                    && !(input.peek(Token![>]) || input.peek(Token![,]))
            }
            _ => false,
        };
        tokens.extend([token]);
        if ends || input.is_empty() {
            return Ok(Item::Other(tokens));
        }
        // `name! { .. }` needs no semicolon.
        if is_macro && input.peek(syn::token::Brace) {
            tokens.extend([input.parse::<TokenTree>()?]);
            return Ok(Item::Other(tokens));
        }
    }
}

fn refuse_marks(attrs: &[Attribute]) -> syn::Result<()> {
    let twice =
        |attr| syn::Error::new_spanned(attr, "the block is memoized twice; keep one of the two");
    attrs.iter().find(|attr| is_mark(attr)).map_or(Ok(()), |attr| Err(twice(attr)))
}

/// A block that has mistakes, with our attributes gone from it and its functions.
pub(crate) fn without_marks(block: &TokenStream) -> TokenStream {
    let mut tokens: Vec<TokenTree> = unmarked(block.clone()).into_iter().collect();
    if let Some(TokenTree::Group(items)) = tokens.last_mut() {
        let span = items.span();
        *items = Group::new(items.delimiter(), unmarked(items.stream()));
        items.set_span(span);
    }
    tokens.into_iter().collect()
}

fn unmarked(items: TokenStream) -> TokenStream {
    let tokens: Vec<TokenTree> = items.into_iter().collect();
    let mut kept = TokenStream::new();
    let mut i = 0;
    while let Some(token) = tokens.get(i) {
        let attr = match (token, tokens.get(i + 1)) {
            (TokenTree::Punct(hash), Some(TokenTree::Group(group))) if hash.as_char() == '#' => {
                Attribute::parse_outer.parse2(quote!(# #group)).unwrap_or_default()
            }
            _ => Vec::new(),
        };
        if attr.iter().any(|attr| is_mark(attr) || hides_mark(attr)) {
            i += 2;
        } else {
            kept.extend([token.clone()]);
            i += 1;
        }
    }
    kept
}

fn hides_mark(attr: &Attribute) -> bool {
    attr.path().is_ident("cfg_attr") && find_word(&attr.to_token_stream(), "memoize").is_some()
}
