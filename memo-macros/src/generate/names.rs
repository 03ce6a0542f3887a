//! The names and paths of the generated functions, and the name of the cache in reports.

use crate::analyze::context::{Context, Surroundings};
use crate::analyze::generics::{parameters, turbofish};
use crate::analyze::model::Model;
use proc_macro2::{Ident, Span, TokenStream};
use quote::{ToTokens, format_ident, quote};
use syn::ext::IdentExt;

/// A name that no argument and no expression of the user's can collide with. The prefix is for constants:
/// hygiene does not hide them, and a pattern called like a constant is that constant.
pub(super) fn hygienic(name: &str) -> Ident {
    format_ident!("__memofn_{name}", span = Span::mixed_site())
}

impl Model {
    /// The type or trait that has the generated functions.
    fn controls_type(&self) -> TokenStream {
        match &*self.context {
            Context::Module if self.shares_controls => {
                let marker = self.marker();
                quote!(<#marker>)
            }
            Context::Module => {
                let (name, arguments) = (&self.controls_name, self.instance.arguments());
                quote!(<#name #arguments>)
            }
            Context::Block(Surroundings { trait_path: Some(path), .. }) => {
                quote!(<Self as #path>)
            }
            Context::Method | Context::Block(_) => quote!(Self),
            Context::TraitImpl(_, controls) => {
                let path = controls.path();
                quote!(<Self as #path>)
            }
        }
    }

    /// The hidden type that stands for a function whose controls are an alias.
    pub(super) fn marker(&self) -> Ident {
        format_ident!("__memofn_{}_function", self.controls_name.unraw())
    }

    /// The hidden name of the controls, if they are an alias. Their own name may be taken, and then everything else still
    /// compiles.
    pub(super) fn controls_alias(&self) -> Ident {
        format_ident!("__memofn_{}_controls", self.controls_name.unraw())
    }

    /// The trait of that type.
    pub(super) fn marker_trait(&self) -> TokenStream {
        let p = &self.runtime;
        if self.is_async() { quote!(#p::MemoizedAsyncFn) } else { quote!(#p::MemoizedFn) }
    }

    /// `cache` in the companion type of a function, `area_cache` beside a method `area`.
    fn helper_name(&self, what: &str) -> Ident {
        let span = self.function.sig.ident.span();
        if self.context.is_module() {
            Ident::new(what, span)
        } else {
            format_ident!("{}_{what}", self.controls_name.unraw(), span = span)
        }
    }

    /// The function that returns the typed cache.
    pub(super) fn cache_fn(&self) -> Ident {
        self.helper_name("cache")
    }

    /// The function that returns the call site: the static and the types of the cache.
    pub(super) fn call_site_fn(&self) -> Ident {
        self.helper_name(if self.context.is_module() { "call_site" } else { "cache_call_site" })
    }

    /// The function that returns the static alone, for a cache whose types cannot be spelled.
    pub(super) fn static_fn(&self) -> Ident {
        self.helper_name(if self.context.is_module() { "static_site" } else { "cache_static_site" })
    }

    /// The function that makes the look-up of a call.
    pub(super) fn lookup_fn(&self) -> Ident {
        self.helper_name(if self.context.is_module() { "lookup" } else { "cache_lookup" })
    }

    /// The function that makes the policy for the result.
    pub(super) fn policy_fn(&self) -> Ident {
        self.helper_name(if self.context.is_module() { "policy" } else { "cache_policy" })
    }

    /// The function that runs the original body.
    pub(super) fn uncached_fn(&self) -> Ident {
        self.helper_name("uncached")
    }

    /// The function that removes one call of a method.
    pub(super) fn remove_fn(&self) -> Ident {
        self.helper_name("remove")
    }

    /// The function that calls a method and says how the call was answered.
    pub(super) fn observed_fn(&self) -> Ident {
        self.helper_name("call")
    }

    /// The path of a generated function without arguments.
    pub(super) fn path(&self, name: &Ident) -> TokenStream {
        if self.shares_controls {
            let (marker, of) = (self.marker(), self.marker_trait());
            return quote!(<#marker as #of<_>>::#name);
        }
        let owner = self.controls_type();
        let parameters = self.instance.turbofish().filter(|_| !self.context.is_module());
        quote!(#owner::#name #parameters)
    }

    /// A call of a generated function without arguments.
    pub(super) fn call(&self, name: &Ident) -> TokenStream {
        let path = self.path(name);
        quote!(#path ())
    }

    /// A call of the original body with the arguments.
    pub(super) fn call_original(&self) -> TokenStream {
        let names: Vec<_> = self.arguments.iter().map(|it| it.name.to_token_stream()).collect();
        self.call_original_with(&names)
    }

    /// A call of the original body with these arguments.
    pub(super) fn call_original_with(&self, arguments: &[TokenStream]) -> TokenStream {
        let owner = self.controls_type();
        let name = self.uncached_fn();
        let parameters = if self.context.is_module() {
            self.other_params.turbofish()
        } else {
            turbofish(parameters(&self.function.sig.generics))
        };
        let call = quote!(#owner::#name #parameters (#(#arguments),*));
        match self.function.sig.safety {
            syn::Safety::Unsafe(_) => quote!(unsafe { #call }),
            _ => call,
        }
    }
}

/// The name of the cache in reports, as an expression. That of a generic function ends with the types of the instantiation.
pub(super) fn report_name(model: &Model) -> TokenStream {
    let p = &model.runtime;
    let function = model.function.sig.ident.unraw().to_string();
    let given = model.options.report_name();
    let path = format!("::{function}");
    let self_type = || quote!(#p::type_name::<Self>());
    let text = |text: String| (text, quote!(""), String::new());
    let is_generic = !model.instance.is_empty();
    // The text before and after a path that only the compiler knows.
    let (prefix, compiled, suffix) = match (given, &*model.context) {
        (Some(name), _) if !is_generic => return name.to_token_stream(),
        (Some(name), _) => text(name.value()),
        (None, Context::Module) => {
            // A module path does not tell functions inside of two functions apart.
            let companion = model.controls_type();
            let compiled = quote!(#p::function(#p::type_name::#companion(), #function));
            if !is_generic {
                return compiled;
            }
            (String::new(), quote!(&#compiled), String::new())
        }
        (None, Context::Block(block) | Context::TraitImpl(block, _))
            if block.report_prefix.is_some() =>
        {
            text(block.report_prefix.clone().unwrap_or_default() + &path)
        }
        (None, context) => match context.trait_name() {
            Some(name) => ("<".to_owned(), self_type(), format!(" as {name}>{path}")),
            None if is_generic => (String::new(), self_type(), path),
            None => return quote!(#p::method::<Self>(#function)),
        },
    };
    let types: Vec<_> = model.instance.types().collect();
    let parameters = model.instance.names().map(|name| {
        if types.contains(&name) { quote!(&#p::type_name::<#name>()) } else { quote!(&#name) }
    });
    quote!(#p::label(#prefix, #compiled, #suffix, &[#(#parameters),*]))
}
