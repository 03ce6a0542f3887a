//! Rules about the bounds on type parameters.
//!
//! The compiler reports each missing bound on its own. Where several are missing for certain, one error here names them
//! all. Parameters with unknown traits are left to the compiler: such a trait may have the bounds that are needed.

use super::arguments::{IS_ITERATOR, NOT_COMPARED, called_and_advice};
use crate::analyze::keyed::is_keyed;
use crate::analyze::type_names::unwrapped;
use crate::parse::block::{Block, Bounds, Kind};
use crate::parse::function::Function;
use crate::parse::option_row::Scope;
use crate::parse::options::Options;
use crate::tokens::errors::Errors;
use crate::tokens::search::has_parameter;
use proc_macro2::{Ident, Span};
use quote::ToTokens;
use syn::{
    GenericArgument, Generics, PathArguments, PathSegment, ReturnType, Type, TypeParamBound,
    WherePredicate,
};

/// Refuses type parameters that are stored or in the key, and lack bounds that this needs.
pub(super) fn of_function(options: &Options, function: &Function, errors: &mut Errors) {
    let generics = &function.sig.generics;
    for param in generics.type_params() {
        let given = Given::of(&param.ident, &param.bounds, &[generics]);
        if let Some(mistake) = given.and_then(|it| it.mistake(options, function, &param.ident)) {
            errors.at(&param.ident, mistake);
        }
    }
}

/// Refuses parameters of a block, and `Self` of a trait, that lack bounds which a function of the block needs.
pub(super) fn of_block(block: &Block, options: &[Options], errors: &mut Errors) {
    let generics = block.generics();
    let this = Ident::new("Self", Span::call_site());
    let mut params: Vec<(&Ident, &Ident, &Bounds)> =
        generics.type_params().map(|it| (&it.ident, &it.ident, &it.bounds)).collect();
    if let Kind::Trait(_, name, bounds) = &block.kind {
        params.push((&this, name, bounds));
    }
    for (param, place, bounds) in params {
        let mistake = block.memoized().zip(options).find_map(|(item, options)| {
            let function = &item.function;
            Given::of(param, bounds, &[generics, &function.sig.generics])?
                .mistake(options, function, param)
        });
        if let Some(mistake) = mistake {
            errors.at(place, mistake);
        }
    }
}

/// A bound that the key or the stored value needs, and its origin. The compiler reports all bounds of one origin at once.
struct Needed {
    name: &'static str,
    by: By,
}

#[derive(PartialEq, Eq)]
enum By {
    Cache,
    Threads,
    Static,
    Tier,
}

fn needed_bounds(options: &Options, is_keyed: bool, is_stored: bool) -> Vec<Needed> {
    let is_written = is_keyed || options.codec().is_none();
    let is_read = is_stored && options.codec().is_none();
    let all = [
        ("Hash", By::Cache, is_keyed),
        ("Eq", By::Cache, is_keyed),
        ("Clone", By::Cache, true),
        ("Send", By::Threads, options.scope() == Scope::Shared),
        ("Sync", By::Threads, options.scope() == Scope::Shared),
        ("serde::Serialize", By::Tier, options.has_tier() && is_written),
        ("serde::de::DeserializeOwned", By::Tier, options.has_tier() && is_read),
        ("'static", By::Static, options.cache().is_none()),
    ];
    let needed = all.into_iter().filter(|(.., is_needed)| *is_needed);
    needed.map(|(name, by, _)| Needed { name, by }).collect()
}

/// The bounds that a parameter has.
struct Given {
    names: Vec<String>,
    is_function: bool,
    is_iterator: bool,
    /// Whether each trait is the one of the prelude. Another may be imported: there are other traits called `Hash`, and
    /// one of them has the bounds that ours lacks.
    are_of_prelude: bool,
}

/// Traits that are in scope without an import.
const OF_PRELUDE: &[&str] = &[
    "AsRef",
    "Clone",
    "Copy",
    "Default",
    "Eq",
    "Extend",
    "From",
    "FromIterator",
    "Into",
    "IntoIterator",
    "Iterator",
    "Ord",
    "PartialEq",
    "PartialOrd",
    "Send",
    "Sized",
    "Sync",
    "ToString",
    "TryFrom",
    "TryInto",
    "Unpin",
];

/// Other traits that imply none of the needed ones but themselves.
const IMPORTED: &[&str] = &[
    "Add",
    "AddAssign",
    "Any",
    "BitAnd",
    "BitOr",
    "BitXor",
    "Borrow",
    "Debug",
    "Deref",
    "DeserializeOwned",
    "Display",
    "Div",
    "Error",
    "FromStr",
    "Hash",
    "Mul",
    "MulAssign",
    "Neg",
    "Not",
    "Rem",
    "Serialize",
    "Sub",
    "SubAssign",
    "Sum",
];

impl Given {
    /// `None` if other traits than the known ones are among the bounds, or the parameter may be unsized.
    fn of(param: &Ident, bounds: &Bounds, generics: &[&Generics]) -> Option<Self> {
        let mut given = Self {
            names: Vec::new(),
            is_function: false,
            is_iterator: false,
            are_of_prelude: true,
        };
        for bound in bounds {
            given.add(bound)?;
        }
        let clauses = generics.iter().filter_map(|generics| generics.where_clause.as_ref());
        for clause in clauses.flat_map(|clause| &clause.predicates) {
            let WherePredicate::Type(clause) = clause else { continue };
            let ty = clause.bounded_ty.to_token_stream();
            if param == &ty.to_string() {
                for bound in &clause.bounds {
                    given.add(bound)?;
                }
            } else if has_parameter(&ty, param) {
                return None;
            }
        }
        Some(given)
    }

    /// The mistake in the bounds of the parameter `name` of a function or of the block around it, if there is one.
    fn mistake(&self, options: &Options, function: &Function, name: &Ident) -> Option<String> {
        let mut keyed = function.inputs().filter(|argument| {
            options.key().is_none() && is_keyed(options, argument.name.as_ref(), argument.pat)
        });
        let argument = keyed.find(|argument| holds(&argument.ty, name, true));
        let is_stored = match &function.sig.output {
            ReturnType::Type(_, ty) => holds(ty, name, false),
            ReturnType::Default => false,
        };
        // `skip(T)` is reported already.
        if options.skip().contains(name) || argument.is_none() && !is_stored {
            return None;
        }
        let needed = needed_bounds(options, argument.is_some(), is_stored);
        let missing: Vec<_> = needed.into_iter().filter(|it| !self.implies(it.name)).collect();
        let lacks_hash = missing.iter().any(|it| it.name == "Hash");
        match argument.as_ref().map(called_and_advice) {
            Some((called, advice)) if lacks_hash && self.is_function => {
                return Some(format!("{called}, {NOT_COMPARED}: {advice}"));
            }
            Some((called, _)) if lacks_hash && self.is_iterator => {
                return Some(format!("{called} {IS_ITERATOR}"));
            }
            _ => {}
        }
        if !self.are_missing_for_certain(&missing) {
            return None;
        }
        let what = if argument.is_some() { "part of the key" } else { "stored" };
        let bounds: Vec<_> = missing.iter().map(|it| it.name).collect();
        let bounds = bounds.join(" + ");
        Some(match argument.map(|it| called_and_advice(&it)) {
            Some((_, advice)) if name == "Self" => {
                format!("`Self` is {what}: add `{bounds}` to the bounds of the trait; or {advice}")
            }
            _ if self.names.iter().all(|it| it.starts_with('\'')) => {
                format!("`{name}` is {what} and has no bounds: write `{name}: {bounds}`")
            }
            _ => format!("`{name}` is {what}: add `{bounds}` to its bounds"),
        })
    }

    fn add(&mut self, bound: &TypeParamBound) -> Option<()> {
        let text = bound.to_token_stream().to_string();
        match bound {
            _ if text.starts_with('?') => return None,
            TypeParamBound::Lifetime(_) => self.names.push(text),
            TypeParamBound::Trait(bound) => {
                let last = bound.path.segments.last()?;
                let name = last.ident.to_string();
                if matches!(last.arguments, PathArguments::Parenthesized(_)) {
                    self.is_function = true;
                } else if OF_PRELUDE.contains(&name.as_str()) {
                    self.is_iterator |= name.ends_with("Iterator") && name != "FromIterator";
                } else if IMPORTED.contains(&name.as_str()) {
                    self.are_of_prelude = false;
                } else {
                    return None;
                }
                self.names.push(name);
            }
            _ => return None,
        }
        Some(())
    }

    fn implies(&self, needed: &str) -> bool {
        let name = needed.rsplit("::").next().unwrap_or(needed);
        self.names.iter().any(|given| match given.as_str() {
            "Copy" => name == "Clone" || name == "Copy",
            "Ord" => name == "Eq",
            "Any" => name == "'static",
            given => given == name,
        })
    }

    /// Whether the compiler would report this, and in several errors.
    fn are_missing_for_certain(&self, missing: &[Needed]) -> bool {
        let Some(first) = missing.first() else { return false };
        self.are_of_prelude || missing.iter().any(|it| it.by != first.by)
    }
}

/// Whether a value of a type holds one of the parameter, so that the bounds are needed for certain. With `borrowed`
/// it may be behind a reference.
fn holds(ty: &Type, param: &Ident, borrowed: bool) -> bool {
    let inside = |ty: &Type| holds(ty, param, borrowed);
    match unwrapped(ty) {
        Type::Reference(reference) => borrowed && inside(&reference.elem),
        Type::Slice(slice) => inside(&slice.elem),
        Type::Array(array) => inside(&array.elem),
        Type::Tuple(tuple) => tuple.elems.iter().any(inside),
        Type::Path(path) if path.path.is_ident(param) => true,
        Type::Path(path) => match path.path.segments.last() {
            Some(PathSegment { ident, arguments: PathArguments::AngleBracketed(arguments) }) => {
                (ident == "Option" || ident == "Vec")
                    && arguments
                        .args
                        .iter()
                        .any(|argument| matches!(argument, GenericArgument::Type(ty) if inside(ty)))
            }
            _ => false,
        },
        _ => false,
    }
}
