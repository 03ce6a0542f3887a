//! Reads the value of an option and checks it on its own. The table says which function reads which
//! option.

use super::duration;
use super::option_row::{Controls, NoLimit, OptionRow, Scope, Value};
use super::suggest;
use crate::tokens::search::find_word;
use quote::ToTokens;
use syn::ext::IdentExt;
use syn::parse::ParseStream;
use syn::punctuated::Punctuated;
use syn::{Expr, ExprLit, ExprUnary, Ident, Lit, LitStr, Path, Token, UnOp, parenthesized};

/// Any expression.
pub(super) fn expression(_: &OptionRow, input: ParseStream<'_>) -> syn::Result<Value> {
    read(input).map(Value::Expr)
}

/// An expression, without the invisible parentheses that `macro_rules!` puts around an `$expr`.
fn read(input: ParseStream<'_>) -> syn::Result<Expr> {
    let mut expr = input.parse()?;
    while let Expr::Group(group) = expr {
        expr = *group.expr;
    }
    Ok(expr)
}

fn refuse<T>(expr: &Expr, message: impl std::fmt::Display) -> syn::Result<T> {
    Err(syn::Error::new_spanned(expr, message))
}

/// Whether an expression is the option's word for no limit. A similar word is refused.
fn is_no_limit(row: &OptionRow, expr: &Expr) -> syn::Result<bool> {
    let NoLimit::Word { word, .. } = row.no_limit else { return Ok(false) };
    match expr {
        Expr::Path(path) if path.path.is_ident(word) => Ok(true),
        Expr::Path(path)
            if ["unbounded", "unlimited", "None"].iter().any(|it| path.path.is_ident(it)) =>
        {
            refuse(expr, row.no_limit_advice())
        }
        Expr::Lit(ExprLit { lit: Lit::Str(text), .. }) if text.value() == word => {
            refuse(expr, format!("write `{} = {word}`, without quotes", row.name))
        }
        _ => Ok(false),
    }
}

/// A number of entries.
pub(super) fn size(row: &OptionRow, input: ParseStream<'_>) -> syn::Result<Value> {
    let (name, no_limit) = (row.name, row.no_limit_advice());
    let expr = read(input)?;
    if is_no_limit(row, &expr)? {
        return Ok(Value::NoLimit);
    }
    match &expr {
        Expr::Unary(unary) if matches!(unary.op, UnOp::Neg(_)) => {
            let zero = format!("write `{name} = 0` to store nothing");
            refuse(&expr, format!("a size is not negative; {zero}, or {no_limit}"))
        }
        Expr::Lit(ExprLit { lit, .. }) => match lit {
            Lit::Int(number) if number.suffix().is_empty() || number.suffix() == "usize" => {
                match number.base10_parse::<u64>() {
                    Ok(_) => Ok(Value::Expr(expr)),
                    Err(_) => refuse(&expr, format!("too large for a `usize`; {no_limit}")),
                }
            }
            Lit::Str(text) if text.value().parse::<u64>().is_ok() => {
                refuse(&expr, format!("write `{name} = {}`, without quotes", text.value()))
            }
            _ => {
                let example = row.example;
                let message = format!("`{name}` is a number of entries, a `usize`: `{example}`");
                refuse(&expr, format!("{message}; {no_limit}"))
            }
        },
        _ => Ok(Value::Expr(expr)),
    }
}

/// A duration as text, or an expression of type `Duration`.
pub(super) fn duration(row: &OptionRow, input: ParseStream<'_>) -> syn::Result<Value> {
    match read(input)? {
        closure @ Expr::Closure(_) => {
            let name = row.name;
            let message = format!("`{name}` is the same for all values: write `{}`", row.example);
            refuse(&closure, format!("{message}; only `ttl` may differ, as in `ttl = |value| ..`"))
        }
        expr => duration_of(row, expr),
    }
}

/// A duration, or a closure that gives one for each value.
pub(super) fn life(row: &OptionRow, input: ParseStream<'_>) -> syn::Result<Value> {
    let name = row.name;
    match read(input)? {
        Expr::Closure(closure) if closure.inputs.len() != 1 => refuse(
            &Expr::Closure(closure),
            format!("`{name}` takes one argument, a reference to the value: `{name} = |value| ..`"),
        ),
        closure @ Expr::Closure(_) => Ok(Value::Closure(closure)),
        path @ Expr::Path(_) => Ok(Value::Constant(path)),
        expr => duration_of(row, expr),
    }
}

/// The age from which an entry is refreshed: a duration, or a part of its life.
pub(super) fn age(row: &OptionRow, input: ParseStream<'_>) -> syn::Result<Value> {
    const PART: &str = "a part of a life is a number, more than 0 and less than 1: `refresh_after = 0.8` is after 8 \
                        of 10 minutes";
    let expr = read(input)?;
    match &expr {
        Expr::Closure(_) => refuse(
            &expr,
            "values do not differ in this; write a duration, `refresh_after = \"8m\"`, or a part of each life, \
             `refresh_after = 0.8`",
        ),
        Expr::Unary(ExprUnary { op: UnOp::Neg(_), .. }) => refuse(&expr, PART),
        Expr::Lit(ExprLit { lit: Lit::Str(text), .. })
            if text.value().trim_end().ends_with('%') =>
        {
            refuse(&expr, PART)
        }
        Expr::Lit(ExprLit { lit: Lit::Float(part), .. }) => match part.base10_parse::<f64>() {
            Ok(number) if number > 0.0 && number < 1.0 => Ok(Value::Part(part.clone())),
            _ => refuse(&expr, PART),
        },
        _ => match duration_of(row, expr.clone())? {
            Value::Duration(duration) if duration.is_zero() => {
                refuse(&expr, format!("each call would refresh its entry; write `{}`", row.example))
            }
            value => Ok(value),
        },
    }
}

/// `caller`, or a function that has a run executed somewhere.
pub(super) fn runner(row: &OptionRow, input: ParseStream<'_>) -> syn::Result<Value> {
    let name = row.name;
    match read(input)? {
        Expr::Path(path) if path.path.is_ident("caller") => Ok(Value::Caller),
        expr @ (Expr::Path(_) | Expr::Closure(_)) => Ok(Value::Expr(expr)),
        ref expr @ Expr::Lit(ExprLit { lit: Lit::Str(ref text), .. }) => {
            refuse(expr, format!("write it without quotes: `{name} = {}`", text.value()))
        }
        other => {
            let message = format!(
                "`{name}` is `caller`, or a function that takes a run and executes it: `{}`, \
                 `|run| pool().execute(run)`",
                row.example
            );
            refuse(&other, message)
        }
    }
}

fn duration_of(row: &OptionRow, expr: Expr) -> syn::Result<Value> {
    let (name, example) = (row.name, row.example);
    if is_no_limit(row, &expr)? {
        return Ok(Value::NoLimit);
    }
    let Expr::Lit(ExprLit { lit, .. }) = &expr else { return Ok(Value::Expr(expr)) };
    let no_unit = |number: &str| {
        format!("a number alone has no unit; write `{name} = \"{number}s\"` for seconds")
    };
    let message = match lit {
        Lit::Str(text) => match duration::parse(&text.value(), &row.no_limit_advice()) {
            Ok(duration) => return Ok(Value::Duration(duration)),
            Err(message) => message,
        },
        Lit::Int(number) => no_unit(number.base10_digits()),
        Lit::Float(number) => no_unit(number.base10_digits()),
        _ => format!("`{name}` is a duration: `{example}`, or an expression of type `Duration`"),
    };
    refuse(&expr, message)
}

/// `true` or `false`.
pub(super) fn flag(row: &OptionRow, input: ParseStream<'_>) -> syn::Result<Value> {
    let expr = read(input)?;
    match &expr {
        Expr::Lit(ExprLit { lit: Lit::Bool(on), .. }) => Ok(Value::Flag(on.value)),
        _ => refuse(&expr, format!("write `{} = true` or `false`", row.name)),
    }
}

/// Text that is not empty.
pub(super) fn text(row: &OptionRow, input: ParseStream<'_>) -> syn::Result<Value> {
    match read(input)? {
        Expr::Lit(ExprLit { lit: Lit::Str(text), .. }) if !text.value().is_empty() => {
            Ok(Value::Text(text))
        }
        other => refuse(&other, format!("`{}` is text in quotes: `{}`", row.name, row.example)),
    }
}

/// `"shared"` or `"thread"`.
pub(super) fn scope(_: &OptionRow, input: ParseStream<'_>) -> syn::Result<Value> {
    let expr = read(input)?;
    let Expr::Lit(ExprLit { lit: Lit::Str(text), .. }) = &expr else {
        return refuse(&expr, "write `scope = \"shared\"` or `scope = \"thread\"`, in quotes");
    };
    match text.value().as_str() {
        "shared" => Ok(Value::Scope(Scope::Shared)),
        "thread" => Ok(Value::Scope(Scope::Thread)),
        other => match suggest::nearest(other, ["shared", "thread"].into_iter()) {
            Some(meant) => refuse(&expr, format!("no scope `{other}`; did you mean \"{meant}\"?")),
            None => refuse(
                &expr,
                format!(
                    "no scope `{other}`; write \"shared\" (one cache for the process) or \
                     \"thread\" (one for each thread)"
                ),
            ),
        },
    }
}

/// An expression over the arguments.
pub(super) fn key(row: &OptionRow, input: ParseStream<'_>) -> syn::Result<Value> {
    let example = row.example;
    let expr = read(input)?;
    match &expr {
        Expr::Lit(ExprLit { lit: Lit::Str(text), .. }) if text.parse::<Expr>().is_ok() => {
            let text = text.value();
            refuse(&expr, format!("write the expression itself, without quotes: `key = {text}`"))
        }
        Expr::Lit(_) => refuse(
            &expr,
            format!(
                "a constant key would give every call the same result; write an expression over \
                 the arguments: `{example}`"
            ),
        ),
        Expr::Closure(_) => {
            refuse(&expr, format!("write the expression itself, not a closure: `{example}`"))
        }
        _ => Ok(Value::Expr(expr)),
    }
}

/// Names of arguments in parentheses.
pub(super) fn arguments(row: &OptionRow, input: ParseStream<'_>) -> syn::Result<Value> {
    let names;
    let parens = parenthesized!(names in input);
    let names = Punctuated::<Ident, Token![,]>::parse_terminated_with(&names, Ident::parse_any)
        .map_err(|error| {
            let message = format!("`{}` takes names of arguments: `{}`", row.name, row.example);
            syn::Error::new(error.span(), message)
        })?;
    if names.is_empty() {
        let message = format!("`{}` needs names of arguments: `{}`", row.name, row.example);
        return Err(syn::Error::new(parens.span.join(), message));
    }
    Ok(Value::Arguments(names.into_iter().collect()))
}

/// A closure or a path to a function, `&Return -> bool`.
pub(super) fn condition(row: &OptionRow, input: ParseStream<'_>) -> syn::Result<Value> {
    let (name, example) = (row.name, row.example);
    let expr = read(input)?;
    match &expr {
        Expr::Closure(closure) if closure.inputs.len() != 1 => refuse(
            &expr,
            format!("`{name}` takes one argument, a reference to the result: `{example}`"),
        ),
        Expr::Lit(_) => {
            refuse(&expr, format!("`{name}` is a closure or a path to a function: `{example}`"))
        }
        _ => Ok(Value::Expr(expr)),
    }
}

/// A closure or a path to a function, `(&Key, &Value, EvictionCause)`.
pub(super) fn listener(row: &OptionRow, input: ParseStream<'_>) -> syn::Result<Value> {
    let (name, example) = (row.name, row.example);
    let expr = read(input)?;
    match &expr {
        Expr::Closure(closure) if closure.inputs.len() != 3 => refuse(
            &expr,
            format!(
                "`{name}` takes three arguments, the key, the value and the cause: `{example}`"
            ),
        ),
        Expr::Lit(_) => {
            refuse(&expr, format!("`{name}` is a closure or a path to a function: `{example}`"))
        }
        _ => Ok(Value::Expr(expr)),
    }
}

/// An array of text, or an expression that gives any number of texts.
pub(super) fn tags(row: &OptionRow, input: ParseStream<'_>) -> syn::Result<Value> {
    let (name, example) = (row.name, row.example);
    let expr = read(input)?;
    match &expr {
        Expr::Array(array) if array.elems.is_empty() => {
            refuse(&expr, format!("no tag is given: write `{example}`, or leave `{name}` out"))
        }
        Expr::Lit(ExprLit { lit: Lit::Str(text), .. }) => {
            refuse(&expr, format!("`{name}` is an array: `{name} = [{}]`", text.token()))
        }
        Expr::Lit(_) | Expr::Tuple(_) => {
            refuse(&expr, format!("`{name}` is an array of text: `{example}`"))
        }
        Expr::Closure(_) => {
            refuse(&expr, format!("write the array itself, not a closure: `{example}`"))
        }
        _ => Ok(Value::Expr(expr)),
    }
}

/// An expression that gives a cache which exists already.
pub(super) fn cache(row: &OptionRow, input: ParseStream<'_>) -> syn::Result<Value> {
    let example = row.example;
    let expr = read(input)?;
    match &expr {
        Expr::Lit(ExprLit { lit, .. }) => {
            let other = match lit {
                Lit::Str(_) => "; the name in reports is `name = \"users\"`",
                Lit::Int(_) => "; the size is `maxsize = 128`",
                _ => "",
            };
            let message =
                format!("`cache` is an expression that gives a `&Cache<K, V>`: `{example}`{other}");
            refuse(&expr, message)
        }
        _ if makes_cache(&expr) => refuse(
            &expr,
            format!(
                "every call would make a new cache; make it once, and write where it is: `{example}`"
            ),
        ),
        Expr::Closure(_) => {
            refuse(&expr, format!("write the expression itself, not a closure: `{example}`"))
        }
        _ => Ok(Value::Expr(expr)),
    }
}

/// An expression that gives a tier. It is evaluated with the cache, before any call.
pub(super) fn tier(row: &OptionRow, input: ParseStream<'_>) -> syn::Result<Value> {
    let example = row.example;
    let expr = read(input)?;
    match &expr {
        Expr::Lit(_) => refuse(
            &expr,
            format!("`tier` is an expression that gives a `memofn::tier::Tier`: `{example}`"),
        ),
        Expr::Closure(_) => {
            refuse(&expr, format!("write the expression itself, not a closure: `{example}`"))
        }
        _ if find_word(&expr.to_token_stream(), "self").is_some() => refuse(
            &expr,
            "a tier belongs to a cache, and `self` to a call: write `cache = self.cache`, and make that cache with \
             `Cache::builder().tier(..)`",
        ),
        _ => Ok(Value::Expr(expr)),
    }
}

/// A path of a file or a directory: text, or an expression.
pub(super) fn place_on_disk(row: &OptionRow, input: ParseStream<'_>) -> syn::Result<Value> {
    let name = row.name;
    let expr = read(input)?;
    match &expr {
        Expr::Lit(ExprLit { lit: Lit::Bool(on), .. }) if on.value => {
            refuse(&expr, format!("write `{name}` alone, without a value"))
        }
        Expr::Lit(ExprLit { lit: Lit::Bool(_), .. }) => {
            refuse(&expr, format!("leave `{name}` out for results that end with the process"))
        }
        Expr::Lit(ExprLit { lit: Lit::Str(text), .. }) if !text.value().is_empty() => {
            Ok(Value::Expr(expr))
        }
        Expr::Lit(_) => refuse(
            &expr,
            format!(
                "the value of `{name}` is a path: `{name} = \"target/pages\"`; or write `{name}` alone"
            ),
        ),
        Expr::Closure(_) => refuse(
            &expr,
            format!("write the path itself, not a closure: `{name} = \"target/pages\"`"),
        ),
        _ => Ok(Value::Expr(expr)),
    }
}

/// The address of a server is that of the program, not of a function.
pub(super) fn connected_elsewhere(row: &OptionRow, input: ParseStream<'_>) -> syn::Result<Value> {
    let name = row.name;
    let expr = read(input)?;
    match &expr {
        Expr::Lit(ExprLit { lit: Lit::Bool(on), .. }) if !on.value => {
            refuse(&expr, format!("leave `{name}` out for results that end with the process"))
        }
        _ => refuse(
            &expr,
            format!(
                "write `{name}` alone; `main` names the server: `memofn::redis::connect(\"redis://host\")?.start()`"
            ),
        ),
    }
}

/// `auto`, a number, or a constant expression.
pub(super) fn version(row: &OptionRow, input: ParseStream<'_>) -> syn::Result<Value> {
    let (name, example) = (row.name, row.example);
    let expr = read(input)?;
    match &expr {
        Expr::Path(path) if path.path.is_ident("auto") => Ok(Value::Auto),
        Expr::Lit(ExprLit { lit: Lit::Int(number), .. }) => {
            let is_u64 = ["", "u64"].contains(&number.suffix());
            if is_u64 && number.base10_parse::<u64>().is_ok() {
                Ok(Value::Expr(expr))
            } else {
                refuse(&expr, format!("`{name}` is a `u64`: `{example}`"))
            }
        }
        Expr::Lit(ExprLit { lit: Lit::Str(text), .. })
            if text.value() == "auto" || text.value().parse::<u64>().is_ok() =>
        {
            refuse(&expr, format!("write `{name} = {}`, without quotes", text.value()))
        }
        Expr::Lit(_) | Expr::Unary(ExprUnary { op: UnOp::Neg(_), .. }) | Expr::Closure(_) => {
            refuse(
                &expr,
                format!(
                    "`{name}` is a whole number, a `u64`: `{example}`; raise it when results change"
                ),
            )
        }
        _ => Ok(Value::Expr(expr)),
    }
}

/// Paths of items in parentheses.
pub(super) fn items(row: &OptionRow, input: ParseStream<'_>) -> syn::Result<Value> {
    let (name, example) = (row.name, row.example);
    let paths;
    let parens = parenthesized!(paths in input);
    let message = |span| {
        let message = format!("`{name}` takes paths of functions, constants or types: `{example}`");
        syn::Error::new(span, message)
    };
    let paths = Punctuated::<Path, Token![,]>::parse_terminated(&paths)
        .map_err(|error| message(error.span()))?;
    if paths.is_empty() {
        return Err(message(parens.span.join()));
    }
    Ok(Value::Items(paths.into_iter().collect()))
}

/// An expression that gives a codec.
pub(super) fn codec(row: &OptionRow, input: ParseStream<'_>) -> syn::Result<Value> {
    let expr = read(input)?;
    match &expr {
        Expr::Lit(_) | Expr::Closure(_) => refuse(
            &expr,
            format!(
                "`{}` is an expression that gives a `memofn::tier::Codec`: `{}`",
                row.name, row.example
            ),
        ),
        _ => Ok(Value::Expr(expr)),
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

/// An identifier, with a visibility on the impl block of a trait.
pub(super) fn controls(row: &OptionRow, input: ParseStream<'_>) -> syn::Result<Value> {
    let message = format!("`{}` is a name, without quotes: `{}`", row.name, row.example);
    let vis = input.parse()?;
    let ident =
        input.parse().map_err(|error: syn::Error| syn::Error::new(error.span(), message))?;
    Ok(Value::Controls(Controls { vis, ident }))
}

/// The path of a crate or a module.
pub(super) fn path(_: &OptionRow, input: ParseStream<'_>) -> syn::Result<Value> {
    if input.peek(LitStr) {
        let message = "write the path without quotes: `crate = ::my_crate::memofn`";
        return Err(input.error(message));
    }
    input.call(Path::parse_mod_style).map(Value::Path)
}
