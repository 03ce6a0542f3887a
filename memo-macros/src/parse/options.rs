//! The options of one attribute, read by the table.
//!
//! `syn::meta` stops at the first error. This parser notes a mistake, skips to the next comma and goes
//! on, so that three mistakes are three errors in one build.

use super::function::Function;
use super::option_row::{
    Controls, Feature, NoLimit, OnBlock, OptionRow, Relation, Scope, Syntax, Value,
};
use super::option_table::{NOT_NEEDED, OPTIONS, OTHER_FORMS};
use super::suggest;
use crate::tokens::errors::Errors;
use proc_macro2::{Delimiter, TokenStream, TokenTree};
use quote::{ToTokens, quote};
use syn::ext::IdentExt;
use syn::parse::discouraged::Speculative;
use syn::parse::{ParseStream, Parser};
use syn::{Expr, Ident, Lit, LitStr, Path, Token};

/// An option as it was given.
#[derive(Clone)]
pub(crate) struct GivenOption {
    pub(crate) row: &'static OptionRow,
    /// Its name in the attribute, for errors.
    pub(crate) name: Ident,
    pub(crate) value: Value,
}

#[derive(Clone, Default)]
pub(crate) struct Options {
    given: Vec<GivenOption>,
    /// The options whose values could not be read. That was reported.
    misread: Vec<&'static str>,
}

impl Options {
    pub(crate) fn parse(tokens: TokenStream, errors: &mut Errors) -> Self {
        let mut options = Self::default();
        let parser = |input: ParseStream<'_>| {
            while !input.is_empty() {
                if let Err(error) = options.read_one(input) {
                    errors.push(error);
                    skip_to_comma(input)?;
                }
                if input.is_empty() {
                    break;
                }
                if !input.peek(Token![,]) {
                    errors.push(input.error("expected `,` before the next option"));
                    if is_option(input) {
                        continue;
                    }
                    skip_to_comma(input)?;
                }
                input.parse::<Option<Token![,]>>()?;
            }
            Ok(())
        };
        if let Err(error) = parser.parse2(tokens) {
            // After a mistake inside parentheses `syn` also reports what is left in them.
            if errors.is_empty() {
                errors.push(error);
            }
        }
        options
    }

    fn read_one(&mut self, input: ParseStream<'_>) -> syn::Result<()> {
        if input.peek(Lit) {
            return Err(input.error("every option has a name: `maxsize = 128`, `ttl = \"30m\"`"));
        }
        let name = input
            .call(Ident::parse_any)
            .map_err(|error| syn::Error::new(error.span(), "expected the name of an option"))?;
        let given = name.to_string();
        let Some(row) = OPTIONS.iter().find(|row| row.name == given) else {
            let message = format!("unknown option `{given}`; {}", advice(&given));
            skip_value(input);
            return Err(syn::Error::new(name.span(), message));
        };
        let value = read_value(row, &name, input).inspect_err(|_| self.misread.push(row.name))?;
        if let Some(feature) = row.feature.filter(|feature| !feature.is_on) {
            self.misread.push(row.name);
            return Err(syn::Error::new(name.span(), missing(feature, row)));
        }
        if self.get(row.name).is_some() {
            let message = format!("`{name}` is given twice; keep one of the two");
            return Err(syn::Error::new(name.span(), message));
        }
        self.given.push(GivenOption { row, name, value });
        Ok(())
    }

    /// The options of a function in a block: the block's as defaults, and then its own.
    pub(crate) fn or_defaults(self, block: &Self, function: &Function) -> Self {
        let defaults = block.given.iter().filter(|default| {
            let (row, name) = (default.row, default.row.name);
            let is_excluded = self.excluded_by(row).next().is_some();
            let gives_way = row.on_block != OnBlock::FirmDefault
                && self.given.iter().any(|own| own.row.excludes.iter().any(|it| it.name() == name));
            !matches!(row.on_block, OnBlock::OfBlock | OnBlock::OfTraitImpl(_))
                && self.get(name).is_none()
                && !is_excluded
                && !gives_way
        });
        let has = |name: &Ident| function.inputs().any(|it| it.name.as_ref() == Some(name));
        let defaults = defaults.filter_map(|default| {
            let mut default = default.clone();
            if let (OnBlock::DefaultForArguments, Value::Arguments(names)) =
                (default.row.on_block, &mut default.value)
            {
                names.retain(has);
                if names.is_empty() {
                    return None;
                }
            }
            Some(default)
        });
        let given = defaults.collect::<Vec<_>>().into_iter().chain(self.given).collect();
        Self { given, misread: self.misread }
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &GivenOption> {
        self.given.iter()
    }

    pub(crate) fn get(&self, option: &str) -> Option<&GivenOption> {
        self.given.iter().find(|given| given.row.name == option)
    }

    /// Whether an option was given with a value that could not be read.
    pub(crate) fn is_misread(&self, option: &str) -> bool {
        self.misread.contains(&option)
    }

    /// The given options that exclude an option, with the relation from its row.
    pub(crate) fn excluded_by(
        &self,
        row: &'static OptionRow,
    ) -> impl Iterator<Item = (&GivenOption, &'static Relation)> {
        row.excludes.iter().filter_map(|relation| Some((self.related(relation)?, relation)))
    }

    /// The given option that a relation is about, if it has the value that matters.
    pub(crate) fn related(&self, relation: &Relation) -> Option<&GivenOption> {
        let given = self.get(relation.name())?;
        relation.value().is_none_or(|value| given.value.is_written(value)).then_some(given)
    }

    /// The expressions that the generated code evaluates. They may mention the function's parameters.
    pub(crate) fn expressions(&self) -> impl Iterator<Item = &Expr> {
        self.given.iter().filter_map(|given| given.value.expr())
    }

    /// Whether entries of the function's own cache can expire.
    pub(crate) fn expire(&self) -> bool {
        self.given.iter().any(|given| given.row.expires)
    }

    /// An option that is about errors.
    pub(crate) fn errors_option(&self) -> Option<&GivenOption> {
        self.given.iter().find(|given| given.row.about_errors)
    }

    /// Whether errors are stored with a time to live of their own.
    pub(crate) fn store_errors(&self) -> bool {
        self.given.iter().any(|given| given.row.stores_errors)
    }

    /// The methods of the builder to call, each with its row, and its value if it takes one.
    pub(crate) fn builder_calls(
        &self,
    ) -> impl Iterator<Item = (&'static str, &'static OptionRow, Option<&Value>)> {
        self.given.iter().filter_map(|GivenOption { row, value, .. }| match (value, row.no_limit) {
            (Value::NoLimit, NoLimit::Word { builder, .. }) => Some((builder, *row, None)),
            (Value::Part(_), _) => Some(("refresh_part", *row, Some(value))),
            _ => Some((row.builder?, *row, Some(value))),
        })
    }

    // The options that the macro itself uses.

    pub(crate) fn scope(&self) -> Scope {
        match self.value("scope") {
            Some(Value::Scope(scope)) => *scope,
            _ => Scope::Shared,
        }
    }

    pub(crate) fn key(&self) -> Option<&Expr> {
        self.value("key")?.expr()
    }

    pub(crate) fn skip(&self) -> &[Ident] {
        match self.value("skip") {
            Some(Value::Arguments(names)) => names,
            _ => &[],
        }
    }

    /// Whether stored values are renewed in the background.
    pub(crate) fn renews_in_background(&self) -> bool {
        let by_caller = matches!(self.value("refresh_on"), Some(Value::Caller));
        self.get("refresh_after").is_some() && !by_caller
    }

    /// The function that executes runs in the background.
    pub(crate) fn refresh_on(&self) -> Option<&Expr> {
        self.value("refresh_on")?.expr()
    }

    pub(crate) fn cache_if(&self) -> Option<&Expr> {
        self.value("cache_if")?.expr()
    }

    pub(crate) fn on_evict(&self) -> Option<&Expr> {
        self.value("on_evict")?.expr()
    }

    pub(crate) fn cache(&self) -> Option<&Expr> {
        self.value("cache")?.expr()
    }

    pub(crate) fn tags(&self) -> Option<&Expr> {
        self.value("tags")?.expr()
    }

    /// The tier of the user's.
    pub(crate) fn tier(&self) -> Option<&Expr> {
        self.value("tier")?.expr()
    }

    /// The value of `disk`, if results are kept on disk.
    pub(crate) fn disk(&self) -> Option<&Value> {
        self.value("disk")
    }

    /// Whether something is below the function's own cache.
    pub(crate) fn has_tier(&self) -> bool {
        ["tier", "disk", "redis"].into_iter().any(|option| self.get(option).is_some())
    }

    pub(crate) fn codec(&self) -> Option<&Expr> {
        self.value("codec")?.expr()
    }

    /// The version that replaces the automatic one.
    pub(crate) fn version(&self) -> Option<&Expr> {
        self.value("version")?.expr()
    }

    /// The items whose versions count as well.
    pub(crate) fn depends(&self) -> &[Path] {
        match self.value("depends") {
            Some(Value::Items(paths)) => paths,
            _ => &[],
        }
    }

    /// The value of `name = ..`.
    pub(crate) fn report_name(&self) -> Option<&LitStr> {
        match self.value("name") {
            Some(Value::Text(name)) => Some(name),
            _ => None,
        }
    }

    pub(crate) fn controls(&self) -> Option<&Controls> {
        match self.value("controls") {
            Some(Value::Controls(controls)) => Some(controls),
            _ => None,
        }
    }

    /// The path of the runtime.
    pub(crate) fn runtime(&self) -> TokenStream {
        let krate = if let Some(Value::Path(path)) = self.value("crate") {
            path.to_token_stream()
        } else {
            quote!(::memofn)
        };
        quote!(#krate::__private)
    }

    fn value(&self, option: &str) -> Option<&Value> {
        self.get(option).map(|given| &given.value)
    }
}

fn read_value(row: &OptionRow, name: &Ident, input: ParseStream<'_>) -> syn::Result<Value> {
    if !matches!(row.value, Syntax::Parenthesized(_)) {
        refuse_colon(name, input)?;
    }
    let error = |message| Err(syn::Error::new(name.span(), message));
    match row.value {
        Syntax::Assigned(read) => {
            refuse_parentheses(name, input)?;
            let is_assigned = input.peek(Token![=]) && !input.peek(Token![==]);
            if is_assigned {
                input.parse::<Token![=]>()?;
            }
            if !is_assigned || input.is_empty() || input.peek(Token![,]) {
                return error(format!("`{name}` needs a value: `{}`", row.example));
            }
            read(row, input)
        }
        Syntax::Parenthesized(read) => {
            if !input.peek(syn::token::Paren) {
                return error(format!("`{name}` needs parentheses: `{}`", row.example));
            }
            read(row, input)
        }
        Syntax::Alone(read) => match input.parse::<Option<Token![=]>>()? {
            Some(_) if input.is_empty() || input.peek(Token![,]) => {
                error(format!("`{name} =` needs a value; or write `{}` alone", row.example))
            }
            Some(_) => read(row, input),
            None if input.peek(syn::token::Paren) => {
                input.parse::<TokenTree>()?;
                error(format!("`{name}` takes no parentheses: write `{}` alone", row.example))
            }
            None => Ok(Value::Alone),
        },
    }
}

/// Refuses `name: value`, and reads it: there may be commas in the value.
fn refuse_colon(name: &Ident, input: ParseStream<'_>) -> syn::Result<()> {
    if !input.peek(Token![:]) || input.peek(Token![::]) {
        return Ok(());
    }
    let colon: Token![:] = input.parse()?;
    let ahead = input.fork();
    let value = ahead.parse::<Expr>().map(ToTokens::into_token_stream).unwrap_or_default();
    input.advance_to(&ahead);
    Err(syn::Error::new_spanned(colon, takes_equals(name, &value)))
}

/// Refuses `name(value)`, and reads it. Nothing in the parentheses is no value.
fn refuse_parentheses(name: &Ident, input: ParseStream<'_>) -> syn::Result<()> {
    let ahead = input.fork();
    let Ok(TokenTree::Group(group)) = ahead.parse::<TokenTree>() else { return Ok(()) };
    if group.delimiter() != Delimiter::Parenthesis || group.stream().is_empty() {
        return Ok(());
    }
    input.advance_to(&ahead);
    let message = takes_equals(name, &group.stream());
    Err(syn::Error::new_spanned(group, message))
}

/// The advice for an option whose value was given without `=`. It repeats a short value.
fn takes_equals(name: &Ident, value: &TokenStream) -> String {
    let is_short = value.clone().into_iter().count() == 1 && !value.to_string().contains(' ');
    let value = if is_short { value.to_string() } else { "..".to_owned() };
    format!("an option takes `=`: write `{name} = {value}`")
}

/// The advice for an option whose feature is off.
fn missing(feature: Feature, row: &OptionRow) -> String {
    let (option, feature) = (row.name, feature.name);
    let version = concat!(env!("CARGO_PKG_VERSION_MAJOR"), ".", env!("CARGO_PKG_VERSION_MINOR"));
    format!(
        "`{option}` needs the feature `{feature}`: write `memofn = {{ version = \"{version}\", features = \
         [\"{feature}\"] }}` in Cargo.toml"
    )
}

/// Skips the value of an unknown option, in which there may be commas: `|key, value| ..`.
fn skip_value(input: ParseStream<'_>) {
    let ahead = input.fork();
    if ahead.parse::<Token![=]>().is_ok() && ahead.parse::<Expr>().is_ok() {
        input.advance_to(&ahead);
    }
}

/// Skips to the next comma, or to the next option if a comma is missing.
fn skip_to_comma(input: ParseStream<'_>) -> syn::Result<()> {
    while !(input.is_empty() || input.peek(Token![,]) || is_option(input)) {
        input.parse::<TokenTree>()?;
    }
    Ok(())
}

/// Whether an option with its value comes next.
fn is_option(input: ParseStream<'_>) -> bool {
    let ahead = input.fork();
    let name = ahead.call(Ident::parse_any).map(|name| name.to_string());
    let follows = ahead.peek(Token![=]) || ahead.peek(syn::token::Paren);
    follows && name.is_ok_and(|name| OPTIONS.iter().any(|row| row.name == name))
}

/// The advice for an unknown option.
fn advice(unknown: &str) -> String {
    let names = || OPTIONS.iter().map(|row| row.name);
    if let Some((_, why)) = NOT_NEEDED.iter().find(|(option, _)| *option == unknown) {
        return format!("it is not needed: {why}");
    }
    let row = OPTIONS.iter().find(|row| row.has_peer(unknown));
    let form = OTHER_FORMS.iter().find(|form| form.has_peer(unknown));
    let option = row.map(|row| (row.name, row.example));
    if let Some((name, example)) = option.or(form.map(|form| (form.option, form.example))) {
        return format!("here it is `{name}`, as in `{example}`");
    }
    if let Some(meant) = suggest::nearest(unknown, names()) {
        return format!("did you mean `{meant}`?");
    }
    let peers = OPTIONS.iter().flat_map(|row| row.peers.split_whitespace());
    match suggest::nearest(unknown, peers) {
        Some(peer) => advice(peer),
        None => format!("the options are {}", names().collect::<Vec<_>>().join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_of_the_peers_and_near_misses_are_understood() {
        assert_eq!(advice("TimeToLive"), "here it is `ttl`, as in `ttl = \"30m\"`");
        assert_eq!(advice("typed"), "it is not needed: arguments have one type each");
        assert_eq!(advice("maxsise"), "did you mean `maxsize`?");
        assert_eq!(advice("single_fligth"), "did you mean `single_flight`?");
        assert_eq!(advice("patiance"), "did you mean `patience`?");
        assert_eq!(advice("sise"), "here it is `maxsize`, as in `maxsize = 128`");
        assert!(advice("xyz").starts_with("the options are maxsize, ttl, "));
    }
}
