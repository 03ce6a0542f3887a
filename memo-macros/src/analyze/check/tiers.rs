//! Rules about what is below a cache, and about versions.

use crate::parse::function::Function;
use crate::parse::options::Options;
use crate::tokens::errors::Errors;
use proc_macro2::Ident;
use syn::ext::IdentExt;
use syn::{GenericArgument, Path, PathArguments, ReturnType, Type};

/// Refuses a codec without a tier.
pub(super) fn combinations(options: &Options, errors: &mut Errors) {
    // That a given cache has no such option is reported already.
    let Some(codec) = options.get("codec").filter(|_| options.get("cache").is_none()) else {
        return;
    };
    let has = |option| options.get(option).is_some() || options.is_misread(option);
    if !["tier", "disk", "redis"].into_iter().any(has) {
        let message = "`codec` needs `disk`, `redis` or `tier`: without them no value becomes bytes; add `disk`, \
                       `redis` or `tier = MY_TIER`";
        errors.at(&codec.name, message);
    }
}

/// Refuses to keep references: there is nothing for them to point at in the next process.
pub(super) fn result(options: &Options, function: &Function, errors: &mut Errors) {
    let tier = ["tier", "disk", "redis"].into_iter().find(|tier| options.get(tier).is_some());
    let (Some(tier), ReturnType::Type(_, result)) = (tier, &function.sig.output) else { return };
    let keeps_errors = options.get("err_ttl").is_some();
    let found = options.codec().is_none().then(|| find_reference(result, keeps_errors)).flatten();
    if let Some(reference) = found {
        let message = format!(
            "`{tier}` cannot keep a reference, which would point at nothing in the next process; return an \
             owned type, as `String` or `Arc<str>` for `&str`"
        );
        errors.at(reference, message);
    }
}

/// A reference that would be kept, in a type whose parts are known by their names.
fn find_reference(ty: &Type, keeps_errors: bool) -> Option<&Type> {
    const HOLDERS: [&str; 6] = ["Option", "Vec", "Box", "Arc", "HashMap", "BTreeMap"];
    let find = |ty| find_reference(ty, keeps_errors);
    match ty {
        Type::Reference(_) => Some(ty),
        Type::Group(group) => find(&group.elem),
        Type::Paren(paren) => find(&paren.elem),
        Type::Array(array) => find(&array.elem),
        Type::Tuple(tuple) => tuple.elems.iter().find_map(find),
        Type::Path(path) => {
            let last = path.path.segments.last()?;
            let PathArguments::AngleBracketed(arguments) = &last.arguments else { return None };
            let parts = arguments.args.iter().filter_map(|argument| match argument {
                GenericArgument::Type(part) => Some(part),
                _ => None,
            });
            let kept = if last.ident == "Result" && !keeps_errors {
                1
            } else if last.ident == "Result" || HOLDERS.iter().any(|it| last.ident == it) {
                usize::MAX
            } else {
                0
            };
            parts.take(kept).find_map(find)
        }
        _ => None,
    }
}

/// Refuses dependencies that cannot have a version.
pub(super) fn depends(options: &Options, name: &Ident, errors: &mut Errors) {
    for path in options.depends() {
        if path.get_ident() == Some(name) {
            let message =
                format!("`{name}` itself counts without being named; remove it from `depends`");
            errors.at(path, message);
        } else if let Some((owner, item)) = associated(path) {
            let message = format!(
                "`{owner}::{item}` belongs to a type, and such items have no version: write \
                 `#[memofn::versioned]` on `{owner}`, and `depends({owner})`; or move it out of the type"
            );
            errors.at(path, message);
        }
    }
}

/// Refuses the options of `#[memoize]` that say nothing about a version.
pub(super) fn of_versioned(options: &Options, errors: &mut Errors) {
    for given in options.iter().filter(|it| !["version", "depends", "crate"].contains(&it.row.name))
    {
        let message = format!(
            "`{}` is an option of `#[memoize]`; `#[versioned]` takes a number, `depends(..)` and `crate = ..`",
            given.row.name
        );
        errors.at(&given.name, message);
    }
}

/// The type and the item in a path like `Type::item`, told by their letters.
fn associated(path: &Path) -> Option<(&Ident, &Ident)> {
    let starts_large = |name: &Ident| name.unraw().to_string().starts_with(char::is_uppercase);
    let mut segments = path.segments.iter().rev().map(|segment| &segment.ident);
    let (item, owner) = (segments.next()?, segments.next()?);
    (starts_large(owner) && owner != "Self").then_some((owner, item))
}
