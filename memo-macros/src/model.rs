//! What a function is, once it is known to be fit for memoization.

use crate::form::Form;
use crate::function::Function;
use crate::home::Home;
use crate::options::Options;
use crate::params::{Params, parameters, turbofish, unsized_types};
use crate::stored::Stored;
use crate::values::Scope;
use crate::words::{has_macro, has_parameter, uses, without_lifetimes, without_self, words};
use proc_macro2::{Ident, Span, TokenStream};
use quote::{ToTokens, format_ident, quote, quote_spanned};
use std::rc::Rc;
use syn::ext::IdentExt;
use syn::spanned::Spanned;
use syn::{Attribute, Expr, Pat, ReturnType, Type};

pub(crate) struct Model {
    pub(crate) function: Function,
    pub(crate) options: Options,
    pub(crate) home: Rc<Home>,
    pub(crate) arguments: Vec<Argument>,
    /// The parameters of which each instantiation has a cache of its own.
    pub(crate) instance: Params,
    /// The other parameters.
    pub(crate) rest: Params,
    /// What the names of the controls are made of.
    pub(crate) base: Ident,
    /// The return type; `()` when none is written.
    pub(crate) result: TokenStream,
    pub(crate) stored: Stored,
    /// The path of the runtime.
    pub(crate) runtime: TokenStream,
}

pub(crate) struct Argument {
    /// What it is called outside the original function: its own name where it has one.
    pub(crate) name: Ident,
    pub(crate) ty: Type,
    pub(crate) attrs: Vec<Attribute>,
    /// How the original function takes it apart, if it does.
    pub(crate) pattern: Option<Pat>,
    /// Whether the key depends on it.
    pub(crate) keyed: bool,
}

impl Model {
    pub(crate) fn new(options: Options, function: Function, home: Rc<Home>) -> Self {
        let arguments: Vec<_> = function
            .inputs()
            .enumerate()
            .map(|(i, input)| {
                let keyed = is_keyed(&options, input.name.as_ref(), input.pat);
                let pattern = input.pat.filter(|_| input.name.is_none());
                let span = pattern.map_or_else(Span::mixed_site, Spanned::span);
                Argument {
                    name: input.name.unwrap_or_else(|| {
                        format_ident!("arg{i}", span = Span::mixed_site().located_at(span))
                    }),
                    ty: input.ty.into_owned(),
                    attrs: input.attrs.to_vec(),
                    pattern: pattern.cloned(),
                    keyed,
                }
            })
            .collect();
        let base = match &options.controls {
            Some(controls) => controls.value.ident.clone(),
            None => function.sig.ident.clone(),
        };
        let result = match &function.sig.output {
            ReturnType::Default => quote!(()),
            ReturnType::Type(_, ty) => ty.to_token_stream(),
        };
        let krate = options.krate();
        let runtime = quote!(#krate::__private);
        // A macro in a type may mention any parameter.
        let may_hide = has_macro(&result)
            || arguments.iter().any(|it| it.keyed && has_macro(&it.ty.to_token_stream()));
        let (instance, rest) = Params::split(&function.sig.generics, |param| {
            let has = |keyed| {
                let mut of_kind = arguments.iter().filter(|argument| argument.keyed == keyed);
                of_kind.any(|it| has_parameter(&it.ty.to_token_stream(), param))
            };
            may_hide
                || has(true)
                || !has(false)
                || has_parameter(&result, param)
                || options.expressions().any(|it| uses(&it.to_token_stream(), param))
        });
        let stored = match &function.sig.output {
            ReturnType::Type(_, ty) if options.cache_if.is_none() => {
                let own = instance.names().cloned();
                let parameters: Option<Vec<_>> =
                    home.parameters().map(|outer| outer.iter().cloned().chain(own).collect());
                Stored::of(ty, parameters.as_deref())
            }
            _ => Stored::Whole,
        };
        Self { function, options, home, arguments, instance, rest, base, result, stored, runtime }
    }

    pub(crate) fn keyed(&self) -> impl Iterator<Item = &Argument> {
        self.arguments.iter().filter(|argument| argument.keyed)
    }

    pub(crate) fn scope(&self) -> Scope {
        self.options.scope.as_ref().map(|scope| scope.value).unwrap_or_default()
    }

    pub(crate) fn is_async(&self) -> bool {
        self.function.sig.asyncness.is_some()
    }

    /// The cache that is given, if one is.
    pub(crate) fn given(&self) -> Option<&Expr> {
        self.options.cache.as_ref().map(|cache| &cache.value)
    }

    /// Whether the argument that the cache is in, if it is in one, is a shared reference.
    pub(crate) fn holder_is_lent(&self) -> bool {
        let holder = self.given().and_then(holder);
        let argument = self.arguments.iter().find(|it| holder.is_some_and(|name| it.name == *name));
        argument.is_none_or(|argument| {
            matches!(&argument.ty, Type::Reference(reference) if reference.mutability.is_none())
        })
    }

    /// The arguments that the cache and the key of a call depend on.
    pub(crate) fn identifying(&self) -> impl Iterator<Item = &Argument> {
        let given = self.given().map(ToTokens::to_token_stream);
        self.arguments.iter().filter(move |argument| {
            argument.keyed || given.as_ref().is_some_and(|cache| uses(cache, &argument.name))
        })
    }

    /// The attributes that decide whether the function exists at all: they go on every item.
    pub(crate) fn cfgs(&self) -> impl Iterator<Item = &Attribute> + Clone {
        self.function.attrs.iter().filter(|attr| attr.path().is_ident("cfg"))
    }

    /// The type that has the controls.
    fn owner(&self) -> TokenStream {
        match &*self.home {
            Home::Module => {
                let (name, arguments) = (&self.base, self.instance.arguments());
                quote!(<#name #arguments>)
            }
            Home::Method | Home::Block { .. } => quote!(Self),
            Home::TraitImpl { extension, .. } => quote!(<Self as #extension>),
        }
    }

    /// What a function of ours is called: `cache` of a type of the function's name, or `area_cache`.
    fn name(&self, what: &str) -> Ident {
        let span = self.function.sig.ident.span();
        if self.home.is_module() {
            Ident::new(what, span)
        } else {
            format_ident!("{}_{what}", self.base.unraw(), span = span)
        }
    }

    /// The name of the function that gives the cache.
    pub(crate) fn cache(&self) -> Ident {
        self.name("cache")
    }

    /// The name of the function that gives the cache of a call.
    pub(crate) fn here(&self) -> Ident {
        self.name(if self.home.is_module() { "here" } else { "cache_here" })
    }

    /// The name of the function that gives the place of the cache, where its types have no names.
    pub(crate) fn site(&self) -> Ident {
        self.name(if self.home.is_module() { "site" } else { "cache_site" })
    }

    /// The name of the original function.
    pub(crate) fn uncached(&self) -> Ident {
        self.name("uncached")
    }

    /// The name of the function that forgets one call of a method.
    pub(crate) fn remove(&self) -> Ident {
        self.name("remove")
    }

    /// The attributes that tell how the body runs.
    pub(crate) fn of_bodies(&self) -> impl Iterator<Item = &Attribute> {
        let of_bodies = ["track_caller", "target_feature"];
        let attrs = self.function.attrs.iter();
        attrs.filter(move |attr| of_bodies.iter().any(|name| attr.path().is_ident(name)))
    }

    /// A call of one of our own functions beside the function.
    pub(crate) fn call(&self, name: &Ident) -> TokenStream {
        let path = self.path(name);
        quote!(#path ())
    }

    /// A function of ours without arguments, by its path.
    pub(crate) fn path(&self, name: &Ident) -> TokenStream {
        let owner = self.owner();
        let parameters = self.instance.turbofish().filter(|_| !self.home.is_module());
        quote!(#owner::#name #parameters)
    }

    /// A call of the original function, with the arguments under their names.
    pub(crate) fn call_original(&self) -> TokenStream {
        let owner = self.owner();
        let name = self.uncached();
        let parameters = if self.home.is_module() {
            self.rest.turbofish()
        } else {
            turbofish(parameters(&self.function.sig.generics))
        };
        let arguments = self.arguments.iter().map(|argument| &argument.name);
        let call = quote!(#owner::#name #parameters (#(#arguments),*));
        match self.function.sig.safety {
            syn::Safety::Unsafe(_) => quote!(unsafe { #call }),
            _ => call,
        }
    }

    /// The call as it is looked up.
    pub(crate) fn lookup(&self) -> TokenStream {
        let p = &self.runtime;
        match self.key_expression() {
            Some(key) => key,
            None => nested(
                self.keyed()
                    .map(|Argument { name, ty, .. }| Form::of(ty).lookup(p, name, ty))
                    .collect(),
            ),
        }
    }

    /// The types of the parts of the key, unless only the compiler knows its type.
    pub(crate) fn key_types(&self) -> Option<Vec<TokenStream>> {
        let mut unsized_types = unsized_types(&self.function.sig.generics);
        unsized_types.extend(self.home.unsized_types().iter().cloned());
        let owned =
            |argument: &Argument| Form::of(&argument.ty).owned(&self.runtime, &unsized_types);
        self.options.key.is_none().then(|| self.keyed().map(owned).collect())
    }

    /// The key of a `key = ..` expression, after what it needs of arguments that are taken apart.
    pub(crate) fn key_expression(&self) -> Option<TokenStream> {
        let key = &self.options.key.as_ref()?.value;
        let p = &self.runtime;
        let own = match self.scope() {
            Scope::Shared if self.given().is_none() => quote!(#p::shared_key),
            _ => quote!(#p::key),
        };
        let parts: Vec<_> = self
            .keyed()
            .filter_map(|Argument { name, pattern, .. }| {
                let pattern = pattern.as_ref()?;
                let argument = quote_spanned!(name.span()=> &#name);
                Some(quote!(#[allow(unused)] let #pattern = #p::std::clone::Clone::clone(#argument);))
            })
            .collect();
        Some(if parts.is_empty() {
            quote_spanned!(key.span()=> #own(#key))
        } else {
            quote_spanned!(key.span()=> { #(#parts)* #own(#key) })
        })
    }

    /// A function of the arguments that makes the key of a `key = ..` expression. It is not called,
    /// but tells the compiler the type of the key.
    pub(crate) fn key_function(&self) -> Option<TokenStream> {
        // A closure has no `self`.
        const THIS: &str = "__self";
        let key = without_self(&self.key_expression()?, THIS);
        let names =
            self.keyed().map(|argument| without_self(&argument.name.to_token_stream(), THIS));
        // Nor has it the function's lifetimes.
        let types = self.keyed().map(|argument| {
            without_lifetimes(&argument.ty.to_token_stream(), |name| self.rest.has(name))
        });
        let p = &self.runtime;
        let hidden = self.hidden_parameters();
        // What is not reached has a type, and is not blamed for moving what it borrows once more.
        Some(quote! {
            #[allow(unreachable_code, unused_variables)]
            |(#(#names,)*): (#(#types,)*)| {
                #hidden
                #p::std::unreachable!();
                #key
            }
        })
    }

    /// Items that take the names of those parameters of which the cache is said not to depend. Should a
    /// macro in the key mention one all the same, the compiler refuses that here. Without them it would
    /// find whatever else has the name outside the function, and the controls a cache of another type.
    fn hidden_parameters(&self) -> Option<TokenStream> {
        let key = &self.options.key.as_ref()?.value;
        let hides = has_macro(&key.to_token_stream());
        let hidden = self.rest.names().map(|name| {
            let is_type = self.rest.types().any(|it| it == name);
            if is_type {
                quote!(type #name<MentionItInKeyOutsideOfTheMacro> = MentionItInKeyOutsideOfTheMacro;)
            } else {
                quote! {
                    struct MentionItInKeyOutsideOfTheMacro;
                    const #name: MentionItInKeyOutsideOfTheMacro = MentionItInKeyOutsideOfTheMacro;
                }
            }
        });
        hides.then(|| quote!(#(#[allow(dead_code, non_camel_case_types)] #hidden)*))
    }

    /// What kind of result there is to store, as a value.
    pub(crate) fn kind(&self) -> TokenStream {
        let Self { runtime: p, result, .. } = self;
        match self.stored {
            Stored::Whole | Stored::Primitive => quote!(#p::Whole),
            Stored::TakenWhole => quote!(#p::kind!(#result).whole()),
            _ => quote!(#p::kind!(#result)),
        }
    }

    /// What to store of a result, as a value.
    pub(crate) fn policy(&self) -> TokenStream {
        let Self { runtime: p, result, .. } = self;
        if let Some(accept) = &self.options.cache_if {
            let accept = &accept.value;
            quote!(#p::policy_if::<#result, _>(#accept))
        } else if self.stored == Stored::Primitive {
            quote!(#p::primitive::<#result, _>())
        } else {
            let kind = self.kind();
            quote!(#p::policy::<#result, _, _>(#kind))
        }
    }
}

/// The one part itself, several as a tuple, more than a tuple can compare as tuples in tuples.
pub(crate) fn nested(mut parts: Vec<TokenStream>) -> TokenStream {
    const MOST: usize = 12;
    if parts.len() == 1 {
        return parts.remove(0);
    }
    if parts.len() > MOST {
        let rest = nested(parts.split_off(MOST - 1));
        parts.push(rest);
    }
    quote!((#(#parts),*))
}

/// Whether the key depends on an argument.
pub(crate) fn is_keyed(options: &Options, name: Option<&Ident>, pattern: Option<&Pat>) -> bool {
    if let Some(key) = &options.key {
        let key = key.value.to_token_stream();
        return match (name, pattern) {
            (Some(name), _) => uses(&key, name),
            (None, pattern) => words(&pattern.to_token_stream()).iter().any(|it| uses(&key, it)),
        };
    }
    let Some(name) = name else { return true };
    let skipped = options.skip.as_ref().is_some_and(|skip| skip.value.contains(name));
    let holds_cache =
        options.cache.as_ref().and_then(|cache| holder(&cache.value)).is_some_and(|it| it == name);
    !(skipped || holds_cache)
}

/// The variable that a place is in: `self`, for `self.caches[0].users`.
pub(crate) fn holder(place: &Expr) -> Option<&Ident> {
    match place {
        Expr::Path(path) => path.path.get_ident(),
        Expr::Field(field) => holder(&field.base),
        Expr::Index(index) => holder(&index.expr),
        Expr::MethodCall(call) => holder(&call.receiver),
        Expr::Paren(paren) => holder(&paren.expr),
        Expr::Group(group) => holder(&group.expr),
        Expr::Reference(reference) => holder(&reference.expr),
        Expr::Unary(unary) => holder(&unary.expr),
        _ => None,
    }
}
