//! The tags of a call: a closure that makes them on a miss.
//!
//! ```text
//! // #[memoize(tags = [format!("user:{id}"), "users"])]
//! || tags([tag(format!("user:{id}")), Cow::Borrowed("users")])
//! ```

use crate::analyze::key_expression::is_place;
use crate::analyze::model::Model;
use proc_macro2::{TokenStream, TokenTree};
use quote::{quote, quote_spanned};
use syn::spanned::Spanned;
use syn::{Expr, ExprLit, Lit};

impl Model {
    /// The closure, if the function has tags. `given` is the `GivenCache` of the call, if it is no cache of the function's
    /// own.
    pub(super) fn tags_closure(&self, given: Option<&TokenStream>) -> Option<TokenStream> {
        let tags = self.options.tags()?;
        let p = &self.runtime;
        let patterns = self.arguments.iter().filter(|it| it.is_used_in(tags));
        let patterns = patterns.filter_map(|it| self.bound_pattern(it));
        let tags = self.tags(tags);
        let tags = match (given, self.options.cache()) {
            (Some(given), Some(cache)) => {
                let (tags_in, given) = (quote!(#p::tags_in), given.clone());
                let (tags_in, given) = (located(tags_in, cache), located(given, cache));
                quote!(#tags_in(#tags, #given))
            }
            _ => tags,
        };
        Some(quote!(|| { #(#patterns)* #tags }))
    }

    fn tags(&self, tags: &Expr) -> TokenStream {
        let p = &self.runtime;
        let Expr::Array(array) = tags else {
            return quote_spanned!(tags.span()=> #p::tags_of(#tags));
        };
        // The items need not be of one type.
        let items = array.elems.iter().map(|item| match item {
            Expr::Lit(ExprLit { lit: Lit::Str(_), .. }) => {
                quote!(#p::Cow::Borrowed(#item))
            }
            // The compiler has to know what it is converted into.
            Expr::MethodCall(call) if call.method == "into" => {
                quote_spanned!(item.span()=> #p::tag_text(#item))
            }
            _ if is_place(item) => quote_spanned!(item.span()=> #p::tag_place(&#item)),
            _ => quote_spanned!(item.span()=> #p::tag(#item)),
        });
        quote!(#p::tags([#(#items),*]))
    }
}

/// Generated tokens at the place of an expression of the user's, for errors about it.
fn located(tokens: TokenStream, at: &Expr) -> TokenStream {
    let place = at.span();
    let locate = |mut token: TokenTree| {
        token.set_span(token.span().located_at(place));
        token
    };
    tokens.into_iter().map(locate).collect()
}
