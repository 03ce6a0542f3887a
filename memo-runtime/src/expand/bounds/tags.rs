//! The bounds on the items of `tags = [..]`.

use crate::expand::bounds::{Impossible, Never};
use crate::key::tags::Tags;
use std::borrow::Cow;

/// A tag: text, owned or borrowed.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be a tag",
    label = "a tag is text: a `String`, a `&str`, or what is `Into<Cow<str>>`",
    note = "write the text, as in `tags = [format!(\"user:{{}}\", id)]`"
)]
pub trait TagText<L> {
    #[doc(hidden)]
    fn tag(self) -> L;
}

#[diagnostic::do_not_recommend]
impl<'a, T: Into<Cow<'a, str>>> TagText<Cow<'a, str>> for T {
    fn tag(self) -> Cow<'a, str> {
        self.into()
    }
}

#[diagnostic::do_not_recommend]
impl<T: Impossible> TagText<Never> for T {
    fn tag(self) -> Never {
        T::never()
    }
}

/// A variable or a field that holds a tag. It is borrowed, as in `key = ..`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be a tag",
    label = "a tag is text: a `String`, a `&str`, or what is `AsRef<str>`",
    note = "write the text, as in `tags = [format!(\"user:{{}}\", id)]`"
)]
pub trait TagPlace<'a, L> {
    #[doc(hidden)]
    fn tag(&'a self) -> L;
}

#[diagnostic::do_not_recommend]
impl<'a, T: ?Sized + AsRef<str>> TagPlace<'a, Cow<'a, str>> for T {
    fn tag(&'a self) -> Cow<'a, str> {
        self.as_ref().into()
    }
}

#[diagnostic::do_not_recommend]
impl<T: ?Sized + Impossible> TagPlace<'_, Never> for T {
    fn tag(&self) -> Never {
        T::never()
    }
}

/// Any number of tags.
#[diagnostic::on_unimplemented(
    message = "`{Self}` gives no tags",
    label = "this is neither an array nor an iterator of text",
    note = "write an array, as in `tags = [format!(\"user:{{}}\", id)]`"
)]
pub trait TagList<'a, L> {
    #[doc(hidden)]
    fn list(self) -> L;
}

#[diagnostic::do_not_recommend]
impl<'a, T: IntoIterator<Item: TagText<Cow<'a, str>>>> TagList<'a, Tags> for T {
    fn list(self) -> Tags {
        Tags::new(self.into_iter().map(|item| item.tag().into_owned().into()))
    }
}

#[diagnostic::do_not_recommend]
impl<T: Impossible> TagList<'_, Never> for T {
    fn list(self) -> Never {
        T::never()
    }
}

/// One item of an array.
#[inline]
pub fn tag<T: TagText<L>, L>(item: T) -> L {
    item.tag()
}

/// An item that is a variable or a field.
#[inline]
pub fn tag_place<'a, T: ?Sized + TagPlace<'a, L>, L>(item: &'a T) -> L {
    item.tag()
}

/// An item that says itself into what it is converted: `"users".into()`.
#[inline]
#[must_use]
pub fn tag_text(item: Cow<'_, str>) -> Cow<'_, str> {
    item
}

/// The tags of an array.
#[must_use]
pub fn tags<const N: usize>(items: [Cow<'_, str>; N]) -> Tags {
    items.list()
}

/// The tags of any other expression.
#[inline]
pub fn tags_of<'a, T: TagList<'a, L>, L>(items: T) -> L {
    items.list()
}
