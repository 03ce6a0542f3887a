//! The facts about one function that can be memoized. The generator needs nothing else.

use super::context::Context;
use super::generics::{Params, free_lifetimes, parameters, with_associated};
use super::key_expression::KeyPart;
use super::keyed::{cache_owner, is_keyed};
use super::shared_controls::shares_controls;
use super::stored_type::StoredType;
use crate::parse::function::{Function, Input};
use crate::parse::options::Options;
use crate::tokens::rewrite::rename_lifetimes;
use crate::tokens::search::{borrows, has_macro, has_parameter, uses, words};
use proc_macro2::{Ident, Span, TokenStream};
use quote::{ToTokens, format_ident, quote};
use std::rc::Rc;
use syn::spanned::Spanned;
use syn::{Attribute, Expr, Pat, ReturnType, Type, WherePredicate, parse_quote};

pub(crate) struct Model {
    pub(crate) function: Function,
    pub(crate) options: Options,
    pub(crate) context: Rc<Context>,
    pub(crate) arguments: Vec<Argument>,
    /// The expression of `key = ..`.
    pub(crate) key: Option<KeyPart>,
    /// The parameters that tell the caches of a generic function apart: one cache for each
    /// instantiation of these.
    pub(crate) instance: Params,
    /// The other parameters: lifetimes, and types that occur only in arguments outside the key.
    pub(crate) other_params: Params,
    /// `Self: Sized`, if that is a bound of the controls of a method.
    pub(crate) sized_self: Option<WherePredicate>,
    /// The name of the controls: the companion type of a function, the prefix for a method.
    pub(crate) controls_name: Ident,
    /// The return type; `()` when none is written.
    pub(crate) result: TokenStream,
    pub(crate) stored_type: StoredType,
    /// Whether the waiters of a failed run may get its error. It must not borrow.
    pub(crate) shares_errors: bool,
    /// Whether the controls are an alias of a type in the runtime.
    pub(crate) shares_controls: bool,
    /// The path of the runtime.
    pub(crate) runtime: TokenStream,
}

#[derive(Clone)]
pub(crate) struct Argument {
    /// Its own name, or a new one for a pattern.
    pub(crate) name: Ident,
    pub(crate) ty: Type,
    pub(crate) attrs: Vec<Attribute>,
    /// The pattern, if it has no name.
    pub(crate) pattern: Option<Pat>,
    /// Whether the key depends on it.
    pub(crate) keyed: bool,
}

impl Argument {
    /// Whether an expression uses the argument, or a name in its pattern.
    pub(crate) fn is_used_in(&self, expr: &Expr) -> bool {
        let expr = expr.to_token_stream();
        match &self.pattern {
            Some(pattern) => words(&pattern.to_token_stream()).iter().any(|name| uses(&expr, name)),
            None => uses(&expr, &self.name),
        }
    }
}

impl Model {
    pub(crate) fn new(options: Options, function: Function, context: Rc<Context>) -> Self {
        let arguments = arguments(&options, &function);
        let own_name = &function.sig.ident;
        let controls_name = options.controls().map_or(own_name, |controls| &controls.ident).clone();
        let result = match &function.sig.output {
            ReturnType::Default => quote!(()),
            ReturnType::Type(_, ty) => result_type(&function, ty),
        };
        let cache_is_given = options.cache().is_some();
        let key = options.key().map(|key| KeyPart::of(key, &function, cache_is_given));
        let (mut instance, other_params) =
            params(&options, &function, &arguments, key.as_ref(), &result);
        let bounds = context.bounds(&function.sig.generics);
        let stored_type = match &function.sig.output {
            ReturnType::Type(_, ty)
                if !(options.cache_if().is_some() || options.store_errors()) =>
            {
                let stored = StoredType::of(ty, &bounds, context.sees_parameters());
                if cache_is_given { stored.in_given_cache(ty) } else { stored }
            }
            _ => StoredType::Whole,
        };
        let shares_errors = !borrows(&result)
            && !bounds.names().any(|it| has_parameter(&result, it) && bounds.may_borrow(it));
        let runtime = options.runtime();
        let sized_self = (key.is_none() && context.may_be_trait(&function.vis))
            .then(|| sized_self(&arguments, &runtime))
            .flatten();
        if let Some(sized) = &sized_self {
            instance.bind(sized.clone());
        }
        let mut model = Self {
            function,
            options,
            context,
            arguments,
            key,
            instance,
            other_params,
            sized_self,
            controls_name,
            result,
            stored_type,
            shares_errors,
            shares_controls: false,
            runtime,
        };
        model.shares_controls = shares_controls(&model);
        model
    }

    pub(crate) fn keyed_arguments(&self) -> impl Iterator<Item = &Argument> {
        self.arguments.iter().filter(|argument| argument.keyed)
    }

    pub(crate) fn is_async(&self) -> bool {
        self.function.sig.asyncness.is_some()
    }

    /// Whether the given cache outlives the call: its owner is no argument, or one behind `&`.
    pub(crate) fn given_cache_outlives_call(&self) -> bool {
        let owner = self.options.cache().and_then(cache_owner);
        let argument = self.arguments.iter().find(|it| owner.is_some_and(|name| it.name == *name));
        argument.is_none_or(|argument| {
            matches!(&argument.ty, Type::Reference(reference) if reference.mutability.is_none())
        })
    }

    /// The arguments that the key or the given cache depends on.
    pub(crate) fn identifying_arguments(&self) -> impl Iterator<Item = &Argument> {
        let cache = self.options.cache().map(ToTokens::to_token_stream);
        self.arguments.iter().filter(move |argument| {
            argument.keyed || cache.as_ref().is_some_and(|cache| uses(cache, &argument.name))
        })
    }

    /// The arguments that an entry depends on: the identifying ones, and those of its tags.
    pub(crate) fn filing_arguments(&self) -> impl Iterator<Item = &Argument> {
        let identifying: Vec<_> = self.identifying_arguments().map(|it| &it.name).collect();
        self.arguments.iter().filter(move |argument| {
            identifying.contains(&&argument.name)
                || self.options.tags().is_some_and(|tags| argument.is_used_in(tags))
        })
    }

    /// The parameters that a control with some of the arguments needs beside those of the instantiation.
    pub(crate) fn params_of<'a>(&self, arguments: impl Iterator<Item = &'a Argument>) -> Params {
        let types: Vec<_> = arguments.map(|argument| argument.ty.to_token_stream()).collect();
        self.other_params.lifetimes_and(|param| types.iter().any(|ty| has_parameter(ty, param)))
    }

    /// The `#[cfg(..)]` attributes. Every generated item carries them.
    pub(crate) fn cfgs(&self) -> impl Iterator<Item = &Attribute> + Clone {
        self.function.attrs.iter().filter(|attr| attr.path().is_ident("cfg"))
    }

    /// The attributes that change how the body is compiled.
    pub(crate) fn body_attributes(&self) -> impl Iterator<Item = &Attribute> {
        let names = ["track_caller", "target_feature"];
        let attrs = self.function.attrs.iter();
        attrs.filter(move |attr| names.iter().any(|name| attr.path().is_ident(name)))
    }
}

/// The return type. A lifetime that no argument has can be `'static`, so that the result can be stored.
pub(crate) fn result_type(function: &Function, ty: &Type) -> TokenStream {
    let free = free_lifetimes(function);
    rename_lifetimes(&ty.to_token_stream(), "static", |name| free.contains(name))
}

fn arguments(options: &Options, function: &Function) -> Vec<Argument> {
    let argument = |(i, input): (usize, Input<'_>)| {
        let keyed = is_keyed(options, input.name.as_ref(), input.pat);
        let pattern = input.pat.filter(|_| input.name.is_none());
        let span = pattern.map_or_else(Span::mixed_site, Spanned::span);
        Argument {
            name: input.name.unwrap_or_else(|| {
                format_ident!("__memofn_arg{i}", span = Span::mixed_site().located_at(span))
            }),
            ty: input.ty.into_owned(),
            attrs: input.attrs.to_vec(),
            pattern: pattern.cloned(),
            keyed,
        }
    };
    function.inputs().enumerate().map(argument).collect()
}

/// `Self: Sized`, if the key has a `Self`. In a trait the compiler would report it anew for each control. The instantiation
/// has the bound, so it is reported where the method uses the controls.
fn sized_self(arguments: &[Argument], p: &TokenStream) -> Option<WherePredicate> {
    let is_self = |ty: &Type| matches!(ty, Type::Path(path) if path.path.is_ident("Self"));
    let of_self = |argument: &&Argument| match &argument.ty {
        Type::Reference(reference) => is_self(&reference.elem),
        ty => is_self(ty),
    };
    let mut keyed = arguments.iter().filter(|argument| argument.keyed);
    keyed.find(of_self).map(|_| parse_quote!(Self: #p::std::marker::Sized))
}

/// The parameters that tell the caches apart, and the others.
fn params(
    options: &Options,
    function: &Function,
    arguments: &[Argument],
    key: Option<&KeyPart>,
    result: &TokenStream,
) -> (Params, Params) {
    // Whether the type of the key depends on the type of the argument.
    let is_keyed = |it: &Argument| {
        it.keyed && key.is_none_or(|key| it.pattern.is_some() || key.depends_on_type_of(&it.name))
    };
    // The output of a macro in a type may mention any parameter.
    let hides_parameters = has_macro(result)
        || arguments.iter().any(|it| is_keyed(it) && has_macro(&it.ty.to_token_stream()));
    let in_arguments = |param: &Ident, keyed| {
        let mut of_kind = arguments.iter().filter(|argument| is_keyed(argument) == keyed);
        of_kind.any(|it| has_parameter(&it.ty.to_token_stream(), param))
    };
    let is_needed = |param: &Ident| {
        hides_parameters
            || in_arguments(param, true)
            || has_parameter(result, param)
            || options.expressions().any(|it| uses(&it.to_token_stream(), param))
            || options.depends().iter().any(|it| has_parameter(&it.to_token_stream(), param))
    };
    let generics = &function.sig.generics;
    let skipped = parameters(generics).filter(|it| in_arguments(it, false) && !is_needed(it));
    let skipped = with_associated(generics, skipped.cloned().collect());
    Params::split(generics, |param| !skipped.contains(param) || is_needed(param))
}
