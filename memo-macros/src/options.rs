//! The options as they are written, each checked for itself.
//!
//! `syn::meta` stops at the first error; here the parser notes a mistake, skips to the next comma
//! and goes on, so that three mistakes are three errors in one build.

use crate::duration;
use crate::errors::Errors;
use crate::function::Function;
use crate::suggest;
use proc_macro2::{Span, TokenStream, TokenTree};
use std::time::Duration;
use syn::ext::IdentExt;
use syn::parse::{ParseStream, Parser};
use syn::punctuated::Punctuated;
use syn::{Expr, ExprLit, Ident, Lit, LitStr, Path, Token, UnOp, Visibility, parenthesized};

/// A value, and the name of the option that set it.
#[derive(Clone)]
pub(crate) struct Set<T> {
    pub(crate) name: Ident,
    pub(crate) value: T,
}

type Slot<T> = Option<Set<T>>;

#[derive(Clone)]
pub(crate) enum Maxsize {
    Unbounded,
    At(Expr),
}

#[derive(Clone)]
pub(crate) enum Ttl {
    Written(Duration),
    Computed(Expr),
}

#[derive(Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Scope {
    #[default]
    Shared,
    Thread,
}

/// What the controls are called, and on a trait's impl block who sees them.
#[derive(Clone)]
pub(crate) struct Controls {
    pub(crate) vis: Visibility,
    pub(crate) ident: Ident,
}

#[derive(Clone, Default)]
pub(crate) struct Options {
    pub(crate) maxsize: Slot<Maxsize>,
    pub(crate) ttl: Slot<Ttl>,
    pub(crate) scope: Slot<Scope>,
    pub(crate) key: Slot<Expr>,
    pub(crate) skip: Slot<Vec<Ident>>,
    pub(crate) cache_if: Slot<Expr>,
    pub(crate) single_flight: Slot<bool>,
    pub(crate) cache: Slot<Expr>,
    pub(crate) name: Slot<LitStr>,
    pub(crate) controls: Slot<Controls>,
    pub(crate) krate: Slot<Path>,
}

impl Options {
    pub(crate) fn parse(tokens: TokenStream, errors: &mut Errors) -> Self {
        let mut options = Self::default();
        let parser = |input: ParseStream<'_>| {
            while !input.is_empty() {
                if let Err(error) = options.option(input) {
                    errors.push(error);
                    while !input.is_empty() && !input.peek(Token![,]) {
                        input.parse::<TokenTree>()?;
                    }
                }
                if input.is_empty() {
                    break;
                }
                if input.peek(Token![,]) {
                    input.parse::<Token![,]>()?;
                } else {
                    errors.push(input.error("expected `,` before the next option"));
                    while !input.is_empty() && !input.peek(Token![,]) {
                        input.parse::<TokenTree>()?;
                    }
                }
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

    /// These options, and those of the block around where they say nothing else.
    ///
    /// A default gives way to an option of the function's own that excludes it, and skips what the
    /// function has.
    pub(crate) fn or(mut self, block: &Self, function: &Function) -> Self {
        let own = self.clone();
        let excluded = |name: &str| {
            EXCLUSIONS.iter().any(|(a, b, _)| {
                (a.name == name && b.of(&own).is_some()) || (b.name == name && a.of(&own).is_some())
            })
        };
        macro_rules! inherit {
            ($($slot:ident)*) => {$(
                if self.$slot.is_none() && !excluded(stringify!($slot)) {
                    self.$slot.clone_from(&block.$slot);
                }
            )*};
        }
        inherit!(maxsize ttl scope key cache_if single_flight cache);
        if let (None, Some(skip), false) = (&self.skip, &block.skip, excluded("skip")) {
            let has = |name: &Ident| function.inputs().any(|it| it.name.as_ref() == Some(name));
            let value: Vec<_> = skip.value.iter().filter(|name| has(name)).cloned().collect();
            if !value.is_empty() {
                self.skip = Some(Set { name: skip.name.clone(), value });
            }
        }
        if self.krate.is_none() {
            self.krate.clone_from(&block.krate);
        }
        self
    }

    fn option(&mut self, input: ParseStream<'_>) -> syn::Result<()> {
        if input.peek(Lit) {
            return Err(input.error("every option has a name: `maxsize = 128`, `ttl = \"30m\"`"));
        }
        let name = input
            .call(Ident::parse_any)
            .map_err(|error| syn::Error::new(error.span(), "expected the name of an option"))?;
        match name.to_string().as_str() {
            "maxsize" => set(&mut self.maxsize, name, input, maxsize),
            "ttl" => set(&mut self.ttl, name, input, ttl),
            "scope" => set(&mut self.scope, name, input, scope),
            "key" => set(&mut self.key, name, input, key),
            "skip" => set_with(&mut self.skip, name, input, skip),
            "cache_if" => set(&mut self.cache_if, name, input, cache_if),
            "single_flight" => set(&mut self.single_flight, name, input, single_flight),
            "cache" => set(&mut self.cache, name, input, cache),
            "name" => set(&mut self.name, name, input, label),
            "controls" => set(&mut self.controls, name, input, controls),
            "crate" => set(&mut self.krate, name, input, krate),
            unknown => {
                let advice = if let Some(option) = suggest::peer_option(unknown) {
                    format!("here it is `{option}`, as in `{}`", example(option))
                } else if let Some(meant) = suggest::nearest(unknown, suggest::option_names()) {
                    format!("did you mean `{meant}`?")
                } else {
                    let names: Vec<_> = suggest::option_names().collect();
                    format!("the options are {}", names.join(", "))
                };
                let message = format!("unknown option `{unknown}`; {advice}");
                Err(syn::Error::new(name.span(), message))
            }
        }
    }
}

/// One side of an exclusion: an option, when it is set in such a way.
pub(crate) struct Side {
    pub(crate) name: &'static str,
    /// As it is written.
    pub(crate) label: &'static str,
    set: fn(&Options) -> Option<&Ident>,
}

impl Side {
    /// The name of the option, if this side is there.
    pub(crate) fn of<'o>(&self, options: &'o Options) -> Option<&'o Ident> {
        (self.set)(options)
    }
}

macro_rules! side {
    ($slot:ident) => {
        Side {
            name: stringify!($slot),
            label: stringify!($slot),
            set: |options| Some(&options.$slot.as_ref()?.name),
        }
    };
}

const THREAD_SCOPE: Side = Side {
    name: "scope",
    label: "scope = \"thread\"",
    set: |options| {
        options.scope.as_ref().filter(|scope| scope.value == Scope::Thread).map(|scope| &scope.name)
    },
};

const SAID_BY_THE_CACHE: &str = "the cache that is given has its own: say it where that is made, \
                                 with `Cache::<_, _>::builder()`";

/// Which options exclude each other, and why.
pub(crate) const EXCLUSIONS: &[(Side, Side, &str)] = &[
    (side!(skip), side!(key), "a key expression already says which arguments count"),
    (side!(single_flight), THREAD_SCOPE, "a thread has nobody to wait for"),
    (side!(maxsize), side!(cache), SAID_BY_THE_CACHE),
    (side!(ttl), side!(cache), SAID_BY_THE_CACHE),
    (side!(scope), side!(cache), SAID_BY_THE_CACHE),
    (side!(single_flight), side!(cache), SAID_BY_THE_CACHE),
    (side!(name), side!(cache), SAID_BY_THE_CACHE),
];

/// Fills a slot from `name = value`; the one place that knows an option may be given only once.
fn set<T>(
    slot: &mut Slot<T>,
    name: Ident,
    input: ParseStream<'_>,
    value: impl FnOnce(ParseStream<'_>) -> syn::Result<T>,
) -> syn::Result<()> {
    set_with(slot, name, input, |name, input| {
        if !input.peek(Token![=]) || input.peek(Token![==]) {
            let example = example(&name.to_string());
            let message = format!("`{name}` needs a value: `{example}`");
            return Err(syn::Error::new(name.span(), message));
        }
        input.parse::<Token![=]>()?;
        if input.is_empty() || input.peek(Token![,]) {
            let example = example(&name.to_string());
            let message = format!("`{name}` needs a value: `{example}`");
            return Err(syn::Error::new(name.span(), message));
        }
        value(input)
    })
}

fn set_with<T>(
    slot: &mut Slot<T>,
    name: Ident,
    input: ParseStream<'_>,
    value: impl FnOnce(&Ident, ParseStream<'_>) -> syn::Result<T>,
) -> syn::Result<()> {
    let value = value(&name, input)?;
    if slot.is_some() {
        let message = format!("`{name}` is given twice; keep one of the two");
        return Err(syn::Error::new(name.span(), message));
    }
    *slot = Some(Set { name, value });
    Ok(())
}

fn example(option: &str) -> &'static str {
    match option {
        "maxsize" => "maxsize = 128",
        "ttl" => "ttl = \"30m\"",
        "scope" => "scope = \"thread\"",
        "key" => "key = user.id",
        "skip" => "skip(db, logger)",
        "cache_if" => "cache_if = |result| result.is_some()",
        "single_flight" => "single_flight = false",
        "cache" => "cache = self.users",
        "name" => "name = \"users\"",
        "controls" => "controls = fib_cache",
        _ => "crate = ::memofn",
    }
}

/// An expression, out of the invisible parentheses that `macro_rules!` puts around an `$expr`.
fn expression(input: ParseStream<'_>) -> syn::Result<Expr> {
    let mut expr = input.parse()?;
    while let Expr::Group(group) = expr {
        expr = *group.expr;
    }
    Ok(expr)
}

fn maxsize(input: ParseStream<'_>) -> syn::Result<Maxsize> {
    let expr = expression(input)?;
    match &expr {
        Expr::Path(path) if path.path.is_ident("unbounded") => return Ok(Maxsize::Unbounded),
        Expr::Path(path) if path.path.is_ident("None") => {
            return Err(syn::Error::new_spanned(&expr, "write `maxsize = unbounded` for no limit"));
        }
        Expr::Unary(unary) if matches!(unary.op, UnOp::Neg(_)) => {
            let message = "a size is not negative; write `maxsize = 0` to store nothing, \
                           `maxsize = unbounded` for no limit";
            return Err(syn::Error::new_spanned(&expr, message));
        }
        Expr::Lit(ExprLit { lit, .. }) => match lit {
            Lit::Int(number) if number.suffix().is_empty() || number.suffix() == "usize" => {
                number.base10_parse::<u64>().map_err(|_| {
                    let message =
                        "too large for a `usize`; write `maxsize = unbounded` for no limit";
                    syn::Error::new(lit.span(), message)
                })?;
            }
            Lit::Str(text)
                if text.value() == "unbounded" || text.value().parse::<u64>().is_ok() =>
            {
                let message = format!("write `maxsize = {}`, without quotes", text.value());
                return Err(syn::Error::new(lit.span(), message));
            }
            _ => {
                let message = "`maxsize` is a number of entries, a `usize`: `maxsize = 128`, or \
                               `unbounded`";
                return Err(syn::Error::new(lit.span(), message));
            }
        },
        _ => {}
    }
    Ok(Maxsize::At(expr))
}

fn ttl(input: ParseStream<'_>) -> syn::Result<Ttl> {
    let expr = expression(input)?;
    match &expr {
        Expr::Lit(ExprLit { lit: Lit::Str(text), .. }) => duration::parse(&text.value())
            .map(Ttl::Written)
            .map_err(|message| syn::Error::new(text.span(), message)),
        Expr::Lit(ExprLit { lit: Lit::Int(number), .. }) => {
            Err(without_unit(number.span(), number.base10_digits()))
        }
        Expr::Lit(ExprLit { lit: Lit::Float(number), .. }) => {
            Err(without_unit(number.span(), number.base10_digits()))
        }
        Expr::Lit(_) => {
            let message =
                "`ttl` is a duration: `ttl = \"30m\"`, or an expression of type `Duration`";
            Err(syn::Error::new_spanned(&expr, message))
        }
        _ => Ok(Ttl::Computed(expr)),
    }
}

fn without_unit(span: Span, number: &str) -> syn::Error {
    let message = format!("a number alone has no unit; write `ttl = \"{number}s\"` for seconds");
    syn::Error::new(span, message)
}

fn scope(input: ParseStream<'_>) -> syn::Result<Scope> {
    let expr = expression(input)?;
    let Expr::Lit(ExprLit { lit: Lit::Str(text), .. }) = &expr else {
        let message = "write `scope = \"shared\"` or `scope = \"thread\"`, in quotes";
        return Err(syn::Error::new_spanned(&expr, message));
    };
    match text.value().as_str() {
        "shared" => Ok(Scope::Shared),
        "thread" => Ok(Scope::Thread),
        other => {
            let message = match suggest::nearest(other, ["shared", "thread"].into_iter()) {
                Some(meant) => format!("no scope `{other}`; did you mean \"{meant}\"?"),
                None => format!(
                    "no scope `{other}`; write \"shared\" (one cache for the process) or \
                     \"thread\" (one for each thread)"
                ),
            };
            Err(syn::Error::new(text.span(), message))
        }
    }
}

fn key(input: ParseStream<'_>) -> syn::Result<Expr> {
    let expr = expression(input)?;
    match &expr {
        Expr::Lit(ExprLit { lit: Lit::Str(text), .. }) if text.parse::<Expr>().is_ok() => {
            let text = text.value();
            let message = format!("write the expression itself, without quotes: `key = {text}`");
            Err(syn::Error::new_spanned(&expr, message))
        }
        Expr::Lit(_) => {
            let message = "a constant key would give every call the same result; write an \
                           expression over the arguments: `key = user.id`";
            Err(syn::Error::new_spanned(&expr, message))
        }
        Expr::Reference(_) => {
            let message = "a key outlives the call, so it cannot borrow; write an expression that \
                           owns what it holds: `key = name.to_owned()`";
            Err(syn::Error::new_spanned(&expr, message))
        }
        Expr::Closure(_) => {
            let message = "write the expression itself, not a closure: `key = user.id`";
            Err(syn::Error::new_spanned(&expr, message))
        }
        _ => Ok(expr),
    }
}

fn skip(name: &Ident, input: ParseStream<'_>) -> syn::Result<Vec<Ident>> {
    if !input.peek(syn::token::Paren) {
        let message = "write the arguments to leave out in parentheses: `skip(db, logger)`";
        return Err(syn::Error::new(name.span(), message));
    }
    let names;
    let parens = parenthesized!(names in input);
    let name = |input: ParseStream<'_>| {
        let message = "write the arguments to leave out by name: `skip(db, logger)`";
        input.call(Ident::parse_any).map_err(|error| syn::Error::new(error.span(), message))
    };
    let skipped = Punctuated::<Ident, Token![,]>::parse_terminated_with(&names, name)?;
    if skipped.is_empty() {
        let message = "name the arguments to leave out: `skip(db, logger)`";
        return Err(syn::Error::new(parens.span.join(), message));
    }
    Ok(skipped.into_iter().collect())
}

fn cache_if(input: ParseStream<'_>) -> syn::Result<Expr> {
    let expr = expression(input)?;
    match &expr {
        Expr::Closure(closure) if closure.inputs.len() != 1 => {
            let message = "`cache_if` is given one thing, a reference to the result: \
                           `cache_if = |result| result.is_some()`";
            Err(syn::Error::new_spanned(closure, message))
        }
        Expr::Lit(_) => {
            let message = "`cache_if` is a closure or a path to a function: \
                           `cache_if = |result| result.is_some()`";
            Err(syn::Error::new_spanned(&expr, message))
        }
        _ => Ok(expr),
    }
}

fn single_flight(input: ParseStream<'_>) -> syn::Result<bool> {
    let expr = expression(input)?;
    match &expr {
        Expr::Lit(ExprLit { lit: Lit::Bool(on), .. }) => Ok(on.value),
        _ => Err(syn::Error::new_spanned(&expr, "write `single_flight = true` or `false`")),
    }
}

fn label(input: ParseStream<'_>) -> syn::Result<LitStr> {
    let expr = expression(input)?;
    match expr {
        Expr::Lit(ExprLit { lit: Lit::Str(text), .. }) if !text.value().is_empty() => Ok(text),
        other => {
            let message = "`name` is the name in reports, in quotes: `name = \"users\"`";
            Err(syn::Error::new_spanned(other, message))
        }
    }
}

fn cache(input: ParseStream<'_>) -> syn::Result<Expr> {
    let expr = expression(input)?;
    match &expr {
        Expr::Lit(_) => {
            let message = "`cache` is an expression that gives a `&Cache<K, V>`: \
                           `cache = self.users`; the name in reports is `name = \"users\"`";
            Err(syn::Error::new_spanned(&expr, message))
        }
        Expr::Closure(_) => {
            let message = "write the expression itself, not a closure: `cache = self.users`";
            Err(syn::Error::new_spanned(&expr, message))
        }
        _ => Ok(expr),
    }
}

fn controls(input: ParseStream<'_>) -> syn::Result<Controls> {
    let message = "`controls` is a name, without quotes: `controls = fib_cache`";
    let vis = input.parse()?;
    let ident =
        input.parse().map_err(|error: syn::Error| syn::Error::new(error.span(), message))?;
    Ok(Controls { vis, ident })
}

fn krate(input: ParseStream<'_>) -> syn::Result<Path> {
    if input.peek(LitStr) {
        return Err(input.error("write the path without quotes: `crate = ::my_crate::memofn`"));
    }
    input.call(Path::parse_mod_style)
}
