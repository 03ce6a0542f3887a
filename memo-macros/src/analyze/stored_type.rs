//! The type that the cache stores for a return type, and whether a signature can spell it.
//!
//! The cache stores only the `Ok` of a `Result`. The compiler decides by the type, even behind a type
//! alias. A signature asks the compiler too, in a constant. A constant in a signature may not mention a generic
//! parameter, so another type stands there for each parameter: an alias `Fetch<T>` is a `Result` for all `T` or for none.
//! A method outside of a memoized block does not show which names are parameters. Each name that may be one gets a
//! stand-in, behind the names of the module.

use super::generics::BoundsOf;
use super::type_names::is_primitive;
use crate::tokens::search::{has_macro, has_parameter, lone_names};
use proc_macro2::Ident;
use quote::ToTokens;
use syn::{GenericArgument, Path, PathArguments, Type};

/// How the stored type is spelled.
#[derive(Clone)]
pub(crate) enum StoredType {
    /// The return type, which is no `Result`.
    Whole,
    /// The return type, which has the name of a primitive. The compiler refuses another type of that
    /// name.
    Primitive,
    /// The return type, by its name. If it is a `Result` after all, the `Result` is stored.
    WholeByName,
    /// The `Ok` of the return type, by its name.
    OkByName,
    /// The type that the compiler finds.
    AskCompiler(StandIns),
    /// It cannot be spelled.
    Unspelled,
}

/// The names that stand for something else while the compiler is asked.
#[derive(Clone, Default)]
pub(crate) struct StandIns {
    pub(crate) types: Vec<Ident>,
    /// Constants, with their types.
    pub(crate) constants: Vec<(Ident, Type)>,
    /// `Self`.
    pub(crate) self_type: bool,
    /// Whether a name of the module comes before the stand-in of that name.
    pub(crate) behind_module: bool,
}

impl StandIns {
    pub(crate) fn is_empty(&self) -> bool {
        self.types.is_empty() && self.constants.is_empty() && !self.self_type
    }
}

impl StoredType {
    /// `bounds` are those of the visible parameters; `sees_all` says whether all parameters are visible.
    pub(crate) fn of(ty: &Type, bounds: &BoundsOf<'_>, sees_all: bool) -> Self {
        match ty {
            Type::Group(group) => Self::of(&group.elem, bounds, sees_all),
            Type::Paren(paren) => Self::of(&paren.elem, bounds, sees_all),
            Type::Path(path) => {
                let name = path.path.get_ident();
                if name.is_some_and(is_primitive) {
                    return Self::Primitive;
                }
                let tokens = ty.to_token_stream();
                let mentions_none = bounds.names().all(|param| !has_parameter(&tokens, param));
                if sees_all && mentions_none && (!has_macro(&tokens) || bounds.is_empty()) {
                    return Self::AskCompiler(StandIns::default());
                }
                if name.is_some_and(|name| bounds.names().any(|param| param == name)) {
                    return Self::WholeByName;
                }
                let is_hidden =
                    has_macro(&tokens) || path.qself.is_some() || is_projection(&path.path);
                if is_hidden {
                    return by_name(&path.path, path.qself.is_some(), sees_all);
                }
                if is_known_container(&path.path) {
                    return Self::WholeByName;
                }
                stand_ins(ty, bounds, sees_all).map_or_else(
                    || by_name_of_result(&path.path).unwrap_or(Self::Unspelled),
                    Self::AskCompiler,
                )
            }
            Type::Macro(_) => Self::Unspelled,
            _ => Self::Whole,
        }
    }

    /// The same with a given cache. The cache has the type, and so the name of `ty` decides nothing.
    pub(crate) fn in_given_cache(self, ty: &Type) -> Self {
        match self {
            Self::WholeByName if is_container(ty) => Self::WholeByName,
            Self::WholeByName | Self::OkByName => Self::Unspelled,
            Self::AskCompiler(stand_ins) if !stand_ins.is_empty() => Self::Unspelled,
            other => other,
        }
    }

    /// Whether the type is no `Result` for certain.
    pub(crate) fn is_certainly_whole(&self) -> bool {
        matches!(self, Self::Whole | Self::Primitive)
    }
}

/// Whether the path is one of an unknown type: `Self::Page`, or `Fetch<T::Page>`.
fn is_projection(path: &Path) -> bool {
    path.segments.len() > 1 && path.segments.first().is_some_and(|first| first.ident == "Self")
}

fn by_name(path: &Path, is_qualified: bool, sees_all: bool) -> StoredType {
    let Some(last) = path.segments.last() else { return StoredType::Unspelled };
    let has_arguments = !matches!(last.arguments, PathArguments::None);
    if is_qualified || is_projection(path) {
        StoredType::Unspelled
    } else if let Some(by_name) = by_name_of_result(path) {
        by_name
    } else if last.ident.to_string().ends_with("Result") {
        // A type parameter is not called so.
        if has_arguments || sees_all {
            StoredType::Unspelled
        } else {
            StoredType::AskCompiler(StandIns::default())
        }
    } else {
        StoredType::WholeByName
    }
}

fn by_name_of_result(path: &Path) -> Option<StoredType> {
    let last = path.segments.last()?;
    let has_arguments = !matches!(last.arguments, PathArguments::None);
    (last.ident == "Result" && (has_arguments || path.segments.len() > 1))
        .then_some(StoredType::OkByName)
}

fn is_container(ty: &Type) -> bool {
    matches!(ty, Type::Path(path) if is_known_container(&path.path))
}

/// Whether the path has the name of a container of the standard library, which is no `Result`.
fn is_known_container(path: &Path) -> bool {
    let names = [
        "Arc",
        "BTreeMap",
        "BTreeSet",
        "BinaryHeap",
        "Box",
        "Cow",
        "HashMap",
        "HashSet",
        "Option",
        "PhantomData",
        "Rc",
        "String",
        "Vec",
        "VecDeque",
    ];
    path.segments.last().is_some_and(|last| {
        let has_arguments = !matches!(last.arguments, PathArguments::None);
        names.iter().any(|name| last.ident == name) && (has_arguments || last.ident == "String")
    })
}

/// The stand-ins with which the compiler can be asked about the type. `None` if it may refuse them.
pub(crate) fn stand_ins(ty: &Type, bounds: &BoundsOf<'_>, sees_all: bool) -> Option<StandIns> {
    let tokens = ty.to_token_stream();
    let mut all = StandIns { behind_module: !sees_all, ..StandIns::default() };
    for param in bounds.names().filter(|param| has_parameter(&tokens, param)) {
        if *param == "Self" {
            all.self_type = true;
        } else if let Some(ty) = bounds.constant(param) {
            all.constants.push((param.clone(), ty.clone()));
        } else if bounds.are_standard(param) {
            all.types.push(param.clone());
        } else {
            return None;
        }
    }
    if has_projection(ty) {
        return None;
    }
    if !sees_all {
        let may_be_parameter = |name: &Ident| {
            !is_primitive(name) && name != "Self" && name != "str" && name != "String"
        };
        for name in lone_names(&tokens).into_iter().filter(may_be_parameter) {
            if !all.types.contains(&name) && all.constants.iter().all(|(it, _)| *it != name) {
                all.types.push(name);
            }
        }
        all.self_type |=
            has_parameter(&tokens, &Ident::new("Self", proc_macro2::Span::call_site()));
    }
    Some(all)
}

/// Whether a type inside mentions an associated type: `Fetch<T::Page>`, `Fetch<<T as Load>::Page>`.
fn has_projection(ty: &Type) -> bool {
    match ty {
        Type::Path(path) => {
            let first = path.path.segments.first();
            let is_projection = path.qself.is_some()
                || path.path.segments.len() > 1
                    && first.is_some_and(|first| {
                        first.ident == "Self"
                            || first.ident.to_string().starts_with(char::is_uppercase)
                    });
            is_projection
                || path.path.segments.iter().any(|segment| match &segment.arguments {
                    PathArguments::AngleBracketed(arguments) => {
                        arguments.args.iter().any(|argument| match argument {
                            GenericArgument::Type(ty) => has_projection(ty),
                            _ => false,
                        })
                    }
                    _ => false,
                })
        }
        Type::Reference(ty) => has_projection(&ty.elem),
        Type::Slice(ty) => has_projection(&ty.elem),
        Type::Array(ty) => has_projection(&ty.elem),
        Type::Paren(ty) => has_projection(&ty.elem),
        Type::Group(ty) => has_projection(&ty.elem),
        Type::Tuple(ty) => ty.elems.iter().any(has_projection),
        _ => false,
    }
}
