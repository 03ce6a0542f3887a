//! The columns of the table of options, and the values that an option can have.

use proc_macro2::Ident;
use std::time::Duration;
use syn::parse::ParseStream;
use syn::{Expr, LitFloat, LitStr, Path, Visibility};

/// One option.
pub(crate) struct OptionRow {
    pub(crate) name: &'static str,
    /// How the value is written, and the function that reads it.
    pub(crate) value: Syntax,
    /// An example for error messages.
    pub(crate) example: &'static str,
    /// Its names elsewhere, separated by spaces: in Python's `functools` and `cachetools`, in `cached`,
    /// `memoize`, `moka`, `quick_cache` and `cachelito`.
    pub(crate) peers: &'static str,
    /// How to write that there is no limit, for an option that is one.
    pub(crate) no_limit: NoLimit,
    /// The options that exclude this one. Each pair stands in one of the two rows.
    pub(crate) excludes: &'static [Relation],
    /// The Cargo feature that has the option.
    pub(crate) feature: Option<Feature>,
    /// The options without which this one has no effect.
    pub(crate) needs: &'static [Relation],
    /// Its meaning on an impl block or a trait. Every option is allowed on every function.
    pub(crate) on_block: OnBlock,
    /// The method of the runtime's builder that takes the value; `None` if the macro itself uses it.
    pub(crate) builder: Option<&'static str>,
    /// Whether entries can expire because of it, so that a hit reads the clock.
    pub(crate) expires: bool,
    /// Whether it is about errors, so that the function has to return a `Result`. The method of the builder also takes a
    /// function that tells errors.
    pub(crate) about_errors: bool,
    /// Whether errors are stored because of it: then the cache holds whole `Result`s.
    pub(crate) stores_errors: bool,
}

pub(crate) type ReadValue = fn(&OptionRow, ParseStream<'_>) -> syn::Result<Value>;

#[derive(Clone, Copy)]
pub(crate) enum Syntax {
    /// `name = value`.
    Assigned(ReadValue),
    /// `name(values)`. The function reads the parentheses as well.
    Parenthesized(ReadValue),
    /// `name` alone, or `name = value`.
    Alone(ReadValue),
}

/// A feature of this crate and of `memofn`.
#[derive(Clone, Copy)]
pub(crate) struct Feature {
    pub(crate) name: &'static str,
    pub(crate) is_on: bool,
}

#[derive(Clone, Copy)]
pub(crate) enum NoLimit {
    /// The option is no limit.
    Never,
    /// Leave the option out. The text says what for.
    LeaveOut(&'static str),
    /// Write a word in place of the value. The builder has a method for it.
    Word { word: &'static str, builder: &'static str },
}

/// The names of a form of an option in other libraries, and an example of that form.
pub(crate) struct OtherForm {
    pub(crate) peers: &'static str,
    pub(crate) option: &'static str,
    pub(crate) example: &'static str,
}

/// Another option, and why it matters to this one.
pub(crate) struct Relation {
    /// The option, with a value if only that value matters: `cache`, or `scope = "thread"`.
    pub(crate) option: &'static str,
    /// The reason, after a colon in the error message.
    pub(crate) why: &'static str,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum OnBlock {
    /// A default for the functions. An option of a function that excludes it replaces it.
    Default,
    /// A default for the functions. An option of a function that excludes it is an error.
    FirmDefault,
    /// A default for those functions that have the arguments it names.
    DefaultForArguments,
    /// It belongs to the block, not to its functions.
    OfBlock,
    /// It belongs to the impl block of a trait. Any other block is refused with this message.
    OfTraitImpl(&'static str),
}

#[derive(Clone)]
pub(crate) enum Value {
    /// The word of [`NoLimit::Word`].
    NoLimit,
    /// A duration written as text.
    Duration(Duration),
    /// An expression that the generated code evaluates.
    Expr(Expr),
    /// A closure over the stored value.
    Closure(Expr),
    /// A path where a closure is allowed. It is a constant, and may have been meant as a function.
    Constant(Expr),
    /// A part of a life: more than 0 and less than 1.
    Part(LitFloat),
    /// `caller`: the call that finds an old value.
    Caller,
    /// `auto`: the macro finds the value.
    Auto,
    /// The option was written without a value.
    Alone,
    Flag(bool),
    Text(LitStr),
    Scope(Scope),
    Arguments(Vec<Ident>),
    Controls(Controls),
    Path(Path),
    /// The paths of items with a version.
    Items(Vec<Path>),
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Scope {
    Shared,
    Thread,
}

/// The name of the controls, and their visibility on the impl block of a trait.
#[derive(Clone)]
pub(crate) struct Controls {
    pub(crate) vis: Visibility,
    pub(crate) ident: Ident,
}

impl OptionRow {
    /// Whether another library has the option under this name.
    pub(crate) fn has_peer(&self, name: &str) -> bool {
        has_word(self.peers, name)
    }

    /// The advice for a value that is too large.
    pub(crate) fn no_limit_advice(&self) -> String {
        let name = self.name;
        match self.no_limit {
            NoLimit::Never => format!("write `{}`", self.example),
            NoLimit::LeaveOut(purpose) => format!("leave `{name}` out {purpose}"),
            NoLimit::Word { word, .. } => format!("write `{name} = {word}` for no limit"),
        }
    }
}

impl OtherForm {
    /// Whether another library has the option under this name.
    pub(crate) fn has_peer(&self, name: &str) -> bool {
        has_word(self.peers, name)
    }
}

fn has_word(words: &str, word: &str) -> bool {
    words.split_whitespace().any(|it| it == word)
}

impl Relation {
    /// The name of the other option.
    pub(crate) fn name(&self) -> &'static str {
        self.option.split(" = ").next().unwrap_or_default()
    }

    /// The value that matters; `None` if every value does.
    pub(crate) fn value(&self) -> Option<&'static str> {
        self.option.split_once(" = ").map(|(_, value)| value)
    }
}

impl Value {
    pub(crate) fn expr(&self) -> Option<&Expr> {
        match self {
            Self::Expr(expr) | Self::Closure(expr) | Self::Constant(expr) => Some(expr),
            _ => None,
        }
    }

    /// Whether this is the value of a [`Relation`]. Only flags and scopes occur in relations.
    pub(crate) fn is_written(&self, text: &str) -> bool {
        match self {
            Self::Flag(on) => on.to_string() == text,
            Self::Scope(Scope::Shared) => text == "\"shared\"",
            Self::Scope(Scope::Thread) => text == "\"thread\"",
            _ => false,
        }
    }
}
