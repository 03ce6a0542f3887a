//! The documentation that rustdoc shows: on the memoized function, and on the type of its controls.

use crate::analyze::model::{Argument, Model};
use crate::parse::option_row::{NoLimit, Scope, Value};
use crate::parse::options::GivenOption;
use crate::tokens::rewrite::spelled;
use humantime::format_duration;
use proc_macro2::TokenStream;
use quote::quote;
use syn::ext::IdentExt;
use syn::{Attribute, Meta, Visibility};

/// A longer value would hide the other options.
const LONGEST_VALUE: usize = 40;

/// The options that are about names. They tell a reader of the documentation nothing.
const NAMES: &[&str] = &["name", "controls", "crate"];

/// The last paragraph of the function's documentation. Only rustdoc sees it, so the lint for missing
/// documentation still warns of a function that has none.
pub(super) fn of_function(model: &Model) -> Option<TokenStream> {
    let documented = model.function.attrs.iter().any(|attr| attr.path().is_ident("doc"));
    if model.context.is_trait_impl() && !documented {
        // rustdoc shows the documentation of the trait's method.
        return None;
    }
    let (memoize, name) = (memoize(model), model.controls_name.unraw());
    let controls = if model.context.is_module() {
        format!(" Its controls: [`{name}`](type@{name}).")
    } else if model.context.is_trait_impl() || model.options.cache().is_some() {
        String::new()
    } else {
        format!(" Its cache: [`{0}`](Self::{0}).", model.cache_fn())
    };
    let text = format!(" Cached by {memoize}.{controls}");
    Some(quote!(#[cfg_attr(doc, doc = "", doc = #text)]))
}

/// The documentation of the type with the controls.
pub(super) fn of_controls(model: &Model) -> TokenStream {
    let (function, controls) = (model.function.sig.ident.unraw(), &model.controls_name);
    let summary = format!(" The cache of [`{function}()`]: its counters and controls.");
    let memoize = memoize(model);
    let example = if model.options.cache().is_some() { "cache_peek(..)" } else { "cache_info()" };
    let more = format!(
        " The function is cached by {memoize}. This type has no values: call its functions, as in \
         `{controls}::{example}`."
    );
    let hidden = model.function.attrs.iter().any(is_hidden).then(|| quote!(#[doc(hidden)]));
    quote!(#[doc = #summary] #[cfg_attr(doc, doc = "", doc = #more)] #hidden)
}

/// The list of the controls, for the documentation of an alias. rustdoc shows no private function.
pub(super) fn list_of_controls(model: &Model) -> Option<TokenStream> {
    if matches!(model.function.vis, Visibility::Inherited) {
        return None;
    }
    let p = &model.runtime;
    let words = if model.is_async() { "async fn" } else { "fn" };
    let argument = |it: &Argument| {
        let name = if it.pattern.is_some() { "_".to_owned() } else { it.name.to_string() };
        format!("{name}: {}", spelled(&it.ty))
    };
    let mut arguments: Vec<_> = model.arguments.iter().map(argument).collect();
    let (result, without) = (spelled(&model.result), arguments.join(", "));
    arguments.push(format!("result: {result}"));
    let with = arguments.join(", ");
    Some(quote!(#[cfg_attr(doc, doc = #p::list_of_controls!(#words, #without, #with, #result))]))
}

fn is_hidden(attr: &Attribute) -> bool {
    attr.path().is_ident("doc")
        && matches!(&attr.meta, Meta::List(list) if list.tokens.to_string() == "hidden")
}

/// The attribute with the options that matter to a caller, as Markdown.
fn memoize(model: &Model) -> String {
    let options: Vec<_> = model.options.iter().filter_map(written).collect();
    let list = if options.is_empty() { String::new() } else { format!("({})", options.join(", ")) };
    format!("[`#[memoize{list}]`](https://docs.rs/memofn)")
}

/// An option as it can be written.
fn written(option: &GivenOption) -> Option<String> {
    let name = option.row.name;
    if NAMES.contains(&name) {
        return None;
    }
    let value = match &option.value {
        Value::NoLimit => match option.row.no_limit {
            NoLimit::Word { word, .. } => word.to_owned(),
            _ => return None,
        },
        Value::Duration(duration) => format!("\"{}\"", format_duration(*duration)),
        Value::Expr(expr) | Value::Closure(expr) | Value::Constant(expr) => compact(&spelled(expr)),
        Value::Part(part) => part.to_string(),
        Value::Alone => return Some(name.to_owned()),
        Value::Caller => "caller".to_owned(),
        Value::Auto => "auto".to_owned(),
        Value::Flag(on) => on.to_string(),
        Value::Scope(Scope::Shared) => "\"shared\"".to_owned(),
        Value::Scope(Scope::Thread) => "\"thread\"".to_owned(),
        Value::Arguments(names) => {
            let names: Vec<_> = names.iter().map(ToString::to_string).collect();
            return Some(format!("{name}({})", names.join(", ")));
        }
        Value::Items(paths) => {
            let paths: Vec<_> = paths.iter().map(spelled).collect();
            return Some(format!("{name}({})", paths.join(", ")));
        }
        Value::Text(_) | Value::Controls(_) | Value::Path(_) => return None,
    };
    let fits = value.chars().count() <= LONGEST_VALUE && !value.contains(['`', '\n']);
    Some(format!("{name} = {}", if fits { &value } else { ".." }))
}

/// Without the spaces that tokens have between them and people do not write.
fn compact(code: &str) -> String {
    let pairs = [(" . ", "."), (" (", "("), ("( ", "("), (" )", ")"), (" ! ", "!"), ("! ", "!")];
    let code = pairs.iter().fold(code.to_owned(), |code, (from, to)| code.replace(from, to));
    match code.strip_prefix('|').and_then(|closure| closure.split_once('|')) {
        Some((parameters, body)) => format!("|{}| {}", parameters.trim(), body.trim()),
        None => code,
    }
}
