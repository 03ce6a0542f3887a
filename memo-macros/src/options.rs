//! The options as they are written.
//!
//! `syn::meta` stops at the first error; here the parser notes a mistake, skips to the next comma
//! and goes on, so that three mistakes are three errors in one build.

use crate::errors::Errors;
use crate::function::Function;
use crate::suggest;
use crate::values::{
    Controls, DurationValue, Maxsize, Patience, Scope, cache, cache_if, controls, key, krate,
    label, maxsize, patience, scope, single_flight, skip, ttl,
};
use proc_macro2::{TokenStream, TokenTree};
use quote::{ToTokens, quote};
use syn::ext::IdentExt;
use syn::parse::{ParseStream, Parser};
use syn::{Expr, Ident, Lit, LitStr, Path, Token};

/// A value, and the name of the option that set it.
#[derive(Clone)]
pub(crate) struct Set<T> {
    pub(crate) name: Ident,
    pub(crate) value: T,
}

type Slot<T> = Option<Set<T>>;

#[derive(Clone, Default)]
pub(crate) struct Options {
    pub(crate) maxsize: Slot<Maxsize>,
    pub(crate) ttl: Slot<DurationValue>,
    pub(crate) scope: Slot<Scope>,
    pub(crate) key: Slot<Expr>,
    pub(crate) skip: Slot<Vec<Ident>>,
    pub(crate) cache_if: Slot<Expr>,
    pub(crate) single_flight: Slot<bool>,
    pub(crate) patience: Slot<Patience>,
    pub(crate) cache: Slot<Expr>,
    pub(crate) name: Slot<LitStr>,
    pub(crate) controls: Slot<Controls>,
    pub(crate) krate: Slot<Path>,
}

impl Options {
    /// The path of the crate that has the runtime.
    pub(crate) fn krate(&self) -> TokenStream {
        let given = self.krate.as_ref().map(|krate| krate.value.to_token_stream());
        given.unwrap_or_else(|| quote!(::memofn))
    }

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
            // These two say where the cache is, which is not to be lost in silence.
            let stays = ["scope", "cache"];
            let gives_way = |b: &Side| b.name == name && !stays.contains(&name);
            EXCLUSIONS.iter().any(|(a, b, _)| {
                (a.name == name && b.of(&own).is_some()) || (gives_way(b) && a.of(&own).is_some())
            })
        };
        macro_rules! inherit {
            ($($slot:ident)*) => {$(
                if self.$slot.is_none() && !excluded(stringify!($slot)) {
                    self.$slot.clone_from(&block.$slot);
                }
            )*};
        }
        inherit!(maxsize ttl scope key cache_if single_flight patience cache);
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

    /// The expressions that see the parameters of the function.
    pub(crate) fn expressions(&self) -> impl Iterator<Item = &Expr> {
        let maxsize = self.maxsize.as_ref().and_then(|maxsize| match &maxsize.value {
            Maxsize::At(size) => Some(size),
            Maxsize::Unbounded => None,
        });
        let patience = self.patience.as_ref().and_then(|patience| match &patience.value {
            Patience::For(span) => Some(span),
            Patience::Unlimited => None,
        });
        let ttl = self.ttl.as_ref().map(|ttl| &ttl.value);
        let spans = ttl.into_iter().chain(patience).filter_map(|span| match span {
            DurationValue::Computed(expr) => Some(expr),
            DurationValue::Written(_) => None,
        });
        let others = [&self.key, &self.cache_if, &self.cache].into_iter().flatten();
        others.map(|it| &it.value).chain(maxsize).chain(spans)
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
            "patience" => set(&mut self.patience, name, input, patience),
            "cache" => set(&mut self.cache, name, input, cache),
            "name" => set(&mut self.name, name, input, label),
            "controls" => set(&mut self.controls, name, input, controls),
            "crate" => set(&mut self.krate, name, input, krate),
            unknown => {
                let advice = if let Some(why) = suggest::needless_option(unknown) {
                    format!("it is not needed: {why}")
                } else if let Some(option) = suggest::peer_option(unknown) {
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

const ALONE: Side = Side {
    name: "single_flight",
    label: "single_flight = false",
    set: |options| {
        options
            .single_flight
            .as_ref()
            .filter(|it| !it.value)
            .map(|single_flight| &single_flight.name)
    },
};

const SAID_BY_THE_CACHE: &str = "the cache that is given has options of its own, said where it is \
                                 made, with `Cache::builder()`";

/// Which options exclude each other, and why.
pub(crate) const EXCLUSIONS: &[(Side, Side, &str)] = &[
    (side!(skip), side!(key), "a key expression already says which arguments count"),
    (side!(single_flight), THREAD_SCOPE, "a thread has nobody to wait for"),
    (side!(maxsize), side!(cache), SAID_BY_THE_CACHE),
    (side!(ttl), side!(cache), SAID_BY_THE_CACHE),
    (side!(scope), side!(cache), SAID_BY_THE_CACHE),
    (side!(single_flight), side!(cache), SAID_BY_THE_CACHE),
    (side!(patience), ALONE, "no call waits for the run of another"),
    (side!(patience), side!(cache), SAID_BY_THE_CACHE),
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
        "patience" => "patience = \"5s\"",
        "cache" => "cache = self.users",
        "name" => "name = \"users\"",
        "controls" => "controls = fib_cache",
        _ => "crate = ::memofn",
    }
}
