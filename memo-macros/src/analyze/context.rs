//! The place where a function is defined, as far as the attribute can see it.

use super::generics::{BoundsOf, arguments, unsized_types};
use super::type_names::is_unsized_by_name;
use crate::parse::block::{Block, Kind, is_elided};
use crate::parse::options::Options;
use crate::tokens::rewrite::{camel_case, infer_lifetimes, spelled};
use proc_macro2::{Ident, Span, TokenStream};
use quote::{ToTokens, format_ident, quote};
use syn::{Generics, LitStr, Path, Visibility};

pub(crate) enum Context {
    /// A module or a function body. The controls belong to a type with the function's name.
    Module,
    /// An impl block or a trait without `#[memoize]`: only the method is visible. The controls stand
    /// beside the method.
    Method,
    /// An inherent impl block or a trait with `#[memoize]`. The controls stand beside the method.
    Block(Surroundings),
    /// An impl block of a trait with `#[memoize]`. It can hold only what the trait declares, so the
    /// controls are in another trait.
    TraitImpl(Surroundings, ControlsTrait),
}

/// The facts about a block that its functions depend on.
pub(crate) struct Surroundings {
    generics: Generics,
    /// `Self`, if it depends on a parameter of the block.
    self_word: Option<Ident>,
    /// The trait with its arguments, if the block is a trait. A trait above it may have functions of the same names.
    pub(crate) trait_path: Option<TokenStream>,
    /// `name = ..` of the block: the prefix of the names in reports.
    pub(crate) report_prefix: Option<String>,
    /// The types that may be unsized: parameters, and `Self` if it is like `str`.
    unsized_types: Vec<Ident>,
}

/// The trait that holds the controls of a trait's methods.
pub(crate) struct ControlsTrait {
    pub(crate) name: Ident,
    /// Its generic arguments in the user's block.
    pub(crate) arguments: TokenStream,
    /// The type that `Self` stands for.
    pub(crate) self_type: TokenStream,
    /// The user's trait, as written.
    pub(crate) implemented: String,
}

impl Context {
    pub(crate) fn of_block(block: &Block, options: &Options) -> Self {
        let self_word = || Ident::new("Self", Span::call_site());
        let types = [block.self_type().to_token_stream(), block.generics().to_token_stream()];
        let is_generic = types.iter().any(|ty| ty.to_string().contains(['\'', '&', '<']));
        let depends = is_generic || matches!(block.kind, Kind::Trait(..));
        let self_word_of_block = depends.then(self_word);
        let report_prefix = options.report_name().map(LitStr::value);
        let mut unsized_types = unsized_types(block.generics());
        if block.self_type().is_some_and(is_unsized_by_name) {
            unsized_types.push(self_word());
        }
        let trait_path = match &block.kind {
            Kind::Trait(generics, name, _) => {
                let arguments = arguments(generics);
                Some(quote!(#name #arguments))
            }
            _ => None,
        };
        let surroundings = Surroundings {
            generics: block.generics().clone(),
            self_word: self_word_of_block,
            trait_path,
            report_prefix,
            unsized_types,
        };
        let Kind::TraitImpl(implementation, path) = &block.kind else {
            return Self::Block(surroundings);
        };
        let self_type = implementation.self_ty.to_token_stream();
        // The user's block does not have the names that elided lifetimes were given.
        let arguments = arguments(&implementation.generics).to_token_stream();
        let controls = ControlsTrait {
            name: controls_trait_name(options, path, &self_type),
            arguments: infer_lifetimes(&arguments, is_elided),
            self_type,
            implemented: spelled(&infer_lifetimes(&path.to_token_stream(), is_elided)),
        };
        Self::TraitImpl(surroundings, controls)
    }

    pub(crate) fn is_module(&self) -> bool {
        matches!(self, Self::Module)
    }

    pub(crate) fn controls_trait(&self) -> Option<&ControlsTrait> {
        match self {
            Self::TraitImpl(_, controls) => Some(controls),
            _ => None,
        }
    }

    pub(crate) fn is_trait_impl(&self) -> bool {
        self.controls_trait().is_some()
    }

    /// The trait whose function this is, as written, if that is known.
    pub(crate) fn trait_name(&self) -> Option<String> {
        match self {
            Self::Block(block) => block.trait_path.as_ref().map(spelled),
            Self::TraitImpl(_, controls) => Some(controls.implemented.clone()),
            Self::Module | Self::Method => None,
        }
    }

    /// Whether a method may stand in a trait, with a body there. Such a method has no visibility.
    pub(crate) fn may_be_trait(&self, vis: &Visibility) -> bool {
        match self {
            Self::Method => matches!(vis, Visibility::Inherited),
            Self::Block(block) => block.trait_path.is_some(),
            Self::Module | Self::TraitImpl(..) => false,
        }
    }

    fn surroundings(&self) -> Option<&Surroundings> {
        match self {
            Self::Module | Self::Method => None,
            Self::Block(surroundings) | Self::TraitImpl(surroundings, _) => Some(surroundings),
        }
    }

    /// The parameters that a function here can mention.
    pub(crate) fn bounds<'g>(&'g self, own: &'g Generics) -> BoundsOf<'g> {
        let block = self.surroundings();
        BoundsOf {
            generics: block.map(|block| &block.generics).into_iter().chain([own]).collect(),
            self_word: block.and_then(|block| block.self_word.as_ref()),
        }
    }

    /// Whether all parameters around the function are visible.
    pub(crate) fn sees_parameters(&self) -> bool {
        !matches!(self, Self::Method)
    }

    /// The visible types around the function that may be unsized.
    pub(crate) fn unsized_types(&self) -> &[Ident] {
        self.surroundings().map_or(&[], |block| &block.unsized_types)
    }
}

impl ControlsTrait {
    /// The trait with its arguments: `ClientLoadControls<T>`.
    pub(crate) fn path(&self) -> TokenStream {
        let Self { name, arguments, .. } = self;
        quote!(#name #arguments)
    }
}

/// The name given with `controls = ..`, or `ClientLoadControls` for `impl Load for Client`.
fn controls_trait_name(options: &Options, path: &Path, self_type: &TokenStream) -> Ident {
    if let Some(controls) = options.controls() {
        return controls.ident.clone();
    }
    let (ty, implemented) = (camel_case(self_type), camel_case(&path.to_token_stream()));
    format_ident!("{ty}{implemented}Controls", span = Span::call_site())
}
