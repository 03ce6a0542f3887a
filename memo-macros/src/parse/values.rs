//! The value of each option, checked for itself.

use crate::parse::duration;
use crate::parse::suggest;
use std::time::Duration;
use syn::ext::IdentExt;
use syn::parse::ParseStream;
use syn::punctuated::Punctuated;
use syn::{Expr, ExprLit, Ident, Lit, LitStr, Path, Token, UnOp, Visibility, parenthesized};

#[derive(Clone)]
pub(crate) enum Maxsize {
    Unbounded,
    At(Expr),
}

/// A duration, as a literal or as an expression.
#[derive(Clone)]
pub(crate) enum DurationValue {
    Written(Duration),
    Computed(Expr),
}

#[derive(Clone)]
pub(crate) enum Patience {
    Unlimited,
    For(DurationValue),
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

/// An expression, out of the invisible parentheses that `macro_rules!` puts around an `$expr`.
fn expression(input: ParseStream<'_>) -> syn::Result<Expr> {
    let mut expr = input.parse()?;
    while let Expr::Group(group) = expr {
        expr = *group.expr;
    }
    Ok(expr)
}

pub(crate) fn maxsize(input: ParseStream<'_>) -> syn::Result<Maxsize> {
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

pub(crate) fn ttl(input: ParseStream<'_>) -> syn::Result<DurationValue> {
    let without = "leave `ttl` out for entries that never expire";
    duration("ttl", "ttl = \"30m\"", without, expression(input)?)
}

pub(crate) fn patience(input: ParseStream<'_>) -> syn::Result<Patience> {
    let expr = expression(input)?;
    match &expr {
        Expr::Path(path) if path.path.is_ident("unlimited") => return Ok(Patience::Unlimited),
        Expr::Path(path) if ["unbounded", "None"].iter().any(|it| path.path.is_ident(it)) => {
            return Err(syn::Error::new_spanned(
                &expr,
                "write `patience = unlimited` for no limit",
            ));
        }
        Expr::Lit(ExprLit { lit: Lit::Str(text), .. }) if text.value() == "unlimited" => {
            let message = "write `patience = unlimited`, without quotes";
            return Err(syn::Error::new(text.span(), message));
        }
        _ => {}
    }
    let without = "write `patience = unlimited` for no limit";
    duration("patience", "patience = \"5s\"", without, expr).map(Patience::For)
}

/// The value of an option that is a duration; `without` says what to do in place of one that is too long.
fn duration(option: &str, example: &str, without: &str, expr: Expr) -> syn::Result<DurationValue> {
    let without_unit = |number: &str| {
        let unit = format!("write `{option} = \"{number}s\"` for seconds");
        format!("a number alone has no unit; {unit}")
    };
    let Expr::Lit(ExprLit { lit, .. }) = &expr else { return Ok(DurationValue::Computed(expr)) };
    let message = match lit {
        Lit::Str(text) => match duration::parse(&text.value(), without) {
            Ok(duration) => return Ok(DurationValue::Written(duration)),
            Err(message) => message,
        },
        Lit::Int(number) => without_unit(number.base10_digits()),
        Lit::Float(number) => without_unit(number.base10_digits()),
        _ => {
            format!("`{option}` is a duration: `{example}`, or an expression of type `Duration`")
        }
    };
    Err(syn::Error::new(lit.span(), message))
}

pub(crate) fn scope(input: ParseStream<'_>) -> syn::Result<Scope> {
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

pub(crate) fn key(input: ParseStream<'_>) -> syn::Result<Expr> {
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

pub(crate) fn skip(name: &Ident, input: ParseStream<'_>) -> syn::Result<Vec<Ident>> {
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

pub(crate) fn cache_if(input: ParseStream<'_>) -> syn::Result<Expr> {
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

pub(crate) fn single_flight(input: ParseStream<'_>) -> syn::Result<bool> {
    let expr = expression(input)?;
    match &expr {
        Expr::Lit(ExprLit { lit: Lit::Bool(on), .. }) => Ok(on.value),
        _ => Err(syn::Error::new_spanned(&expr, "write `single_flight = true` or `false`")),
    }
}

pub(crate) fn label(input: ParseStream<'_>) -> syn::Result<LitStr> {
    let expr = expression(input)?;
    match expr {
        Expr::Lit(ExprLit { lit: Lit::Str(text), .. }) if !text.value().is_empty() => Ok(text),
        other => {
            let message = "`name` is the name in reports, in quotes: `name = \"users\"`";
            Err(syn::Error::new_spanned(other, message))
        }
    }
}

pub(crate) fn cache(input: ParseStream<'_>) -> syn::Result<Expr> {
    let expr = expression(input)?;
    match &expr {
        Expr::Lit(ExprLit { lit, .. }) => {
            let other = match lit {
                Lit::Str(_) => "; the name in reports is `name = \"users\"`",
                Lit::Int(_) => "; the size is `maxsize = 128`",
                _ => "",
            };
            let message = format!(
                "`cache` is an expression that gives a `&Cache<K, V>`: `cache = self.users`{other}"
            );
            Err(syn::Error::new_spanned(&expr, message))
        }
        _ if makes_cache(&expr) => {
            let message = "every call would make a cache of its own; make it once, and say where it \
                           is: `cache = self.users`";
            Err(syn::Error::new_spanned(&expr, message))
        }
        Expr::Closure(_) => {
            let message = "write the expression itself, not a closure: `cache = self.users`";
            Err(syn::Error::new_spanned(&expr, message))
        }
        _ => Ok(expr),
    }
}

/// Whether an expression makes a cache: `Cache::new(8)`, `Cache::builder().build()`.
fn makes_cache(expr: &Expr) -> bool {
    match expr {
        Expr::MethodCall(call) => makes_cache(&call.receiver),
        Expr::Reference(reference) => makes_cache(&reference.expr),
        Expr::Call(call) => matches!(&*call.func, Expr::Path(path) if {
            let mut names = path.path.segments.iter().rev().map(|it| it.ident.to_string());
            let makes = ["new", "default", "builder", "unbounded"];
            names.next().is_some_and(|name| makes.contains(&name.as_str()))
                && names.next().is_some_and(|ty| ty == "Cache" || ty == "CacheBuilder")
        }),
        _ => false,
    }
}

pub(crate) fn controls(input: ParseStream<'_>) -> syn::Result<Controls> {
    let message = "`controls` is a name, without quotes: `controls = fib_cache`";
    let vis = input.parse()?;
    let ident =
        input.parse().map_err(|error: syn::Error| syn::Error::new(error.span(), message))?;
    Ok(Controls { vis, ident })
}

pub(crate) fn krate(input: ParseStream<'_>) -> syn::Result<Path> {
    if input.peek(LitStr) {
        return Err(input.error("write the path without quotes: `crate = ::my_crate::memofn`"));
    }
    input.call(Path::parse_mod_style)
}
