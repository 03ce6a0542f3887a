//! The name of a cache in reports.

use crate::analyze::context::Context;
use crate::analyze::model::Model;
use proc_macro2::TokenStream;
use quote::{ToTokens, quote};
use syn::ext::IdentExt;

/// The expression for the name. The name of a generic function ends with the types of the instantiation.
pub(super) fn report_name(model: &Model) -> TokenStream {
    let p = &model.runtime;
    let function = model.function.sig.ident.unraw().to_string();
    let given = model.options.name.as_ref().map(|name| &name.value);
    let path = format!("::{function}");
    let self_type = || quote!(#p::std::any::type_name::<Self>());
    let text = |text: String| (text, quote!(""), String::new());
    let is_generic = !model.instance.is_empty();
    // The text before and after a path that only the compiler knows.
    let (prefix, compiled, suffix) = match (given, &*model.context) {
        (Some(name), _) if !is_generic => return name.to_token_stream(),
        (Some(name), _) => text(name.value()),
        (None, Context::Module) if !is_generic => {
            return quote!(#p::std::concat!(#p::std::module_path!(), #path));
        }
        (None, Context::Module) => (String::new(), quote!(#p::std::module_path!()), path),
        (None, Context::Block(block) | Context::TraitImpl(block, _))
            if block.report_prefix.is_some() =>
        {
            text(block.report_prefix.clone().unwrap_or_default() + &path)
        }
        (None, Context::Method | Context::Block(_)) if !is_generic => {
            return quote!(#p::method::<Self>(#function));
        }
        (None, Context::Method | Context::Block(_)) => (String::new(), self_type(), path),
        (None, Context::TraitImpl(_, controls)) => {
            let suffix = format!(" as {}>{path}", controls.implemented);
            ("<".to_owned(), self_type(), suffix)
        }
    };
    let types: Vec<_> = model.instance.types().collect();
    let parameters = model.instance.names().map(|name| {
        if types.contains(&name) {
            quote!(&#p::std::any::type_name::<#name>())
        } else {
            quote!(&#name)
        }
    });
    quote!(#p::label(#prefix, #compiled, #suffix, &[#(#parameters),*]))
}
