//! The parts of a `key = ..` expression: what is known of the type of each, and how it can be looked up.

use super::key_shape::KeyShape;
use super::type_names::unwrapped;
use crate::parse::function::{Function, Input};
use crate::tokens::search::{find_mut_reference, find_word, uses};
use proc_macro2::Ident;
use quote::ToTokens;
use syn::punctuated::Punctuated;
use syn::{Expr, GenericArgument, PathArguments, Token, Type, TypeParamBound, WherePredicate};

/// A part of the expression.
#[derive(Clone)]
pub(crate) enum KeyPart {
    /// The argument of this name. Its type is in the signature, and it is looked up like any argument.
    Argument(Ident),
    /// `path.as_ref()` of an argument that is `AsRef<..>` of this type.
    AsRef(Expr, Type),
    /// An expression over arguments whose types have no names. Its own type is known: `name.to_string()`.
    Known(Expr, KnownType),
    /// A variable or a field, which can be looked up by reference.
    Place(Expr),
    /// Another expression. It is evaluated once.
    Value(Expr),
    Tuple(Vec<Self>),
}

/// A type that is known by the last method or macro of an expression.
#[derive(Clone)]
#[expect(clippy::large_enum_variant, reason = "there are few of them, and not for long")]
pub(crate) enum KnownType {
    String,
    Usize,
    /// That of `x as u64`.
    Written(Type),
}

impl KeyPart {
    /// `cache_is_given`: a key in a given cache may borrow.
    pub(crate) fn of(key: &Expr, function: &Function, cache_is_given: bool) -> Self {
        match key {
            Expr::Paren(key) => Self::of(&key.expr, function, cache_is_given),
            Expr::Group(key) => Self::of(&key.expr, function, cache_is_given),
            Expr::Tuple(tuple) if (1..=12).contains(&tuple.elems.len()) => {
                let part = |elem| Self::of(elem, function, cache_is_given);
                Self::Tuple(tuple.elems.iter().map(part).collect())
            }
            Expr::Path(path) => {
                let name = path.path.get_ident();
                let argument = name.and_then(|name| argument(function, name));
                match (name, argument) {
                    (Some(name), Some(argument)) if has_own_key(&argument, cache_is_given) => {
                        Self::Argument(name.clone())
                    }
                    _ => Self::Place(key.clone()),
                }
            }
            _ if is_place(key) => Self::Place(key.clone()),
            _ => as_ref(key, function)
                .or_else(|| of_unnamed(key, function))
                .unwrap_or_else(|| Self::Value(key.clone())),
        }
    }

    /// The parts that are no tuples.
    pub(crate) fn leaves(&self) -> Vec<&Self> {
        match self {
            Self::Tuple(parts) => parts.iter().flat_map(Self::leaves).collect(),
            part => vec![part],
        }
    }

    /// Whether the types of all parts can be spelled.
    pub(crate) fn is_spelled(&self) -> bool {
        !self.leaves().iter().any(|part| matches!(part, Self::Place(_) | Self::Value(_)))
    }

    /// Whether the key consists of arguments alone.
    pub(crate) fn is_free(&self) -> bool {
        self.leaves().iter().all(|part| matches!(part, Self::Argument(_) | Self::AsRef(..)))
    }

    /// Whether the key may be written out twice: nothing is computed for it.
    pub(crate) fn is_pure(&self) -> bool {
        self.leaves().iter().all(|part| match part {
            Self::Known(..) | Self::Value(_) => false,
            Self::Place(place) => !has_index(place),
            _ => true,
        })
    }

    /// Whether a value in the expression may live no longer than the statement: `user.name().trim()`.
    pub(crate) fn has_temporaries(&self) -> bool {
        self.leaves().iter().any(|part| match part {
            Self::Value(value) | Self::Known(value, _) => computes_more_than_once(value),
            _ => false,
        })
    }

    /// Whether the type of the key depends on the type of this argument.
    pub(crate) fn depends_on_type_of(&self, name: &Ident) -> bool {
        self.leaves().iter().any(|part| match part {
            Self::Argument(argument) => argument == name,
            Self::Place(expr) | Self::Value(expr) => uses(&expr.to_token_stream(), name),
            _ => false,
        })
    }
}

/// The argument of this name.
fn argument<'f>(function: &'f Function, name: &Ident) -> Option<Input<'f>> {
    function.inputs().find(|argument| argument.name.as_ref() == Some(name))
}

/// Whether the key can own the argument in the way in which it owns arguments without `key = ..`.
fn has_own_key(argument: &Input<'_>, cache_is_given: bool) -> bool {
    let ty = argument.ty.to_token_stream();
    find_word(&ty, "impl").is_none()
        && find_word(&ty, "dyn").is_none()
        && find_mut_reference(&ty).is_none()
        && !(matches!(unwrapped(&argument.ty), Type::Macro(_)))
        && (cache_is_given || KeyShape::of(&argument.ty).borrowing_leaf().is_none())
}

/// Whether an expression is a variable, or a field or an element of one.
pub(crate) fn is_place(expr: &Expr) -> bool {
    match expr {
        Expr::Path(_) => true,
        Expr::Field(field) => is_place(&field.base),
        Expr::Index(index) => is_place(&index.expr) && !computes(&index.index),
        Expr::Paren(paren) => is_place(&paren.expr),
        Expr::Group(group) => is_place(&group.expr),
        Expr::Unary(unary) => matches!(unary.op, syn::UnOp::Deref(_)) && is_place(&unary.expr),
        _ => false,
    }
}

/// Whether a place is an element of a collection. Finding that may be work.
fn has_index(place: &Expr) -> bool {
    match place {
        Expr::Index(_) => true,
        Expr::Field(it) => has_index(&it.base),
        Expr::Paren(it) => has_index(&it.expr),
        Expr::Group(it) => has_index(&it.expr),
        Expr::Unary(it) => has_index(&it.expr),
        _ => false,
    }
}

/// Whether an expression calls anything.
fn computes(expr: &Expr) -> bool {
    match expr {
        Expr::Lit(_) | Expr::Path(_) => false,
        Expr::Field(it) => computes(&it.base),
        Expr::Index(it) => computes(&it.expr) || computes(&it.index),
        Expr::Paren(it) => computes(&it.expr),
        Expr::Group(it) => computes(&it.expr),
        Expr::Reference(it) => computes(&it.expr),
        Expr::Unary(it) => computes(&it.expr),
        Expr::Cast(it) => computes(&it.expr),
        Expr::Binary(it) => computes(&it.left) || computes(&it.right),
        Expr::Range(it) => [&it.start, &it.end].into_iter().flatten().any(|it| computes(it)),
        _ => true,
    }
}

/// Whether an expression calls anything before its last call.
fn computes_more_than_once(expr: &Expr) -> bool {
    match expr {
        Expr::MethodCall(call) => computes(&call.receiver) || call.args.iter().any(computes),
        Expr::Call(call) => call.args.iter().any(computes),
        Expr::Reference(it) => computes(&it.expr),
        Expr::Index(it) => computes(&it.expr),
        Expr::Field(it) => computes(&it.base),
        Expr::Paren(it) => computes_more_than_once(&it.expr),
        Expr::Group(it) => computes_more_than_once(&it.expr),
        _ => false,
    }
}

/// `path.as_ref()` of an argument that is `AsRef<..>`, and `path.as_ref().to_owned()` if the argument's type has no name.
/// The key is the same for all types of the argument, so they can share one cache.
fn as_ref(key: &Expr, function: &Function) -> Option<KeyPart> {
    let Expr::MethodCall(call) = key else { return None };
    let owns = ["to_owned", "to_path_buf", "to_os_string", "to_vec"];
    if owns.iter().any(|method| call.method == method) {
        let unnamed = uses_unnamed(&call.receiver, function);
        return unnamed.then(|| as_ref(&call.receiver, function)).flatten();
    }
    let Expr::Path(receiver) = &*call.receiver else { return None };
    let argument = argument(function, receiver.path.get_ident()?)?;
    if call.method != "as_ref" || !call.args.is_empty() {
        return None;
    }
    as_ref_target(function, &argument.ty).map(|target| KeyPart::AsRef(key.clone(), target))
}

/// An expression of a known type over arguments whose types have no names.
fn of_unnamed(key: &Expr, function: &Function) -> Option<KeyPart> {
    let known = match key {
        Expr::MethodCall(call) => {
            let is_one_of = |methods: &[&str]| methods.iter().any(|method| call.method == method);
            if is_one_of(&["to_string", "to_lowercase", "to_uppercase"]) {
                KnownType::String
            } else if is_one_of(&["len", "count"]) {
                KnownType::Usize
            } else {
                return None;
            }
        }
        Expr::Macro(call) if call.mac.path.is_ident("format") => KnownType::String,
        Expr::Cast(cast) => KnownType::Written((*cast.ty).clone()),
        _ => return None,
    };
    uses_unnamed(key, function).then(|| KeyPart::Known(key.clone(), known))
}

/// Whether an expression uses an argument whose type has no name.
fn uses_unnamed(expr: &Expr, function: &Function) -> bool {
    let expr = expr.to_token_stream();
    function.inputs().any(|argument| {
        find_word(&argument.ty.to_token_stream(), "impl").is_some()
            && argument.name.as_ref().is_some_and(|name| uses(&expr, name))
    })
}

/// The type `Path` of an argument that is `impl AsRef<Path>`, or of a parameter with this bound.
fn as_ref_target(function: &Function, ty: &Type) -> Option<Type> {
    match unwrapped(ty) {
        Type::Reference(reference) => as_ref_target(function, &reference.elem),
        Type::ImplTrait(ty) => as_ref_of(&ty.bounds),
        Type::Path(path) => {
            let name = path.path.get_ident()?;
            let generics = &function.sig.generics;
            let param = generics.type_params().find(|param| param.ident == *name)?;
            let clauses = generics.where_clause.iter().flat_map(|clause| &clause.predicates);
            let of_param = |bound: &WherePredicate| match bound {
                WherePredicate::Type(bound) => match &bound.bounded_ty {
                    Type::Path(path) if path.path.is_ident(name) => as_ref_of(&bound.bounds),
                    _ => None,
                },
                _ => None,
            };
            as_ref_of(&param.bounds).or_else(|| clauses.into_iter().find_map(of_param))
        }
        _ => None,
    }
}

/// The argument of the only `AsRef` among the bounds.
fn as_ref_of(bounds: &Punctuated<TypeParamBound, Token![+]>) -> Option<Type> {
    let mut targets = bounds.iter().filter_map(|bound| {
        let TypeParamBound::Trait(bound) = bound else { return None };
        let last = bound.path.segments.last().filter(|last| last.ident == "AsRef")?;
        let PathArguments::AngleBracketed(arguments) = &last.arguments else { return None };
        match arguments.args.first()? {
            GenericArgument::Type(ty) => Some(ty.clone()),
            _ => None,
        }
    });
    targets.next().filter(|_| targets.next().is_none())
}
