//! Where the results of a cache come from: the tier below it, and the name and version that its records have there.

use crate::tier::place::TierPlace;
use crate::tier::tier::{Function, Tier};
use std::any::type_name;
use std::sync::Arc;

/// The module and the line of a memoized function.
type Site = (&'static str, u32);

/// A cache's tier, and its own name and version there.
#[derive(Debug)]
pub struct Origin {
    place: TierPlace,
    version: u64,
    site: Option<Site>,
    /// It is compiled into unit tests, which are not to be answered by an earlier run.
    is_test: bool,
}

impl Origin {
    /// That of a cache by hand.
    pub(crate) fn new(place: TierPlace, version: u64) -> Self {
        Self { place, version, site: None, is_test: false }
    }

    /// That of a memoized function at this place. `is_test` says that it is compiled into unit tests.
    #[must_use]
    pub fn of_function(place: TierPlace, version: u64, site: Site, is_test: bool) -> Self {
        Self { place, version, site: Some(site), is_test }
    }

    /// The tier, if there is one now.
    pub(super) fn tier(&self) -> Option<Arc<dyn Tier>> {
        self.place.tier(self.is_test)
    }

    /// The cache of this name and these types, as records know it. Instantiations of a generic function may share a name.
    pub(super) fn function<K, V>(&self, name: &str) -> Function {
        let name = name_in_records(name, self.site);
        let name = format!("{name}({})->{}", type_name::<K>(), type_name::<V>());
        Function::new(name, self.version)
    }
}

/// The name of a function or cache in records.
///
/// Functions in blocks of one body share a path, and so do traits of one name in reports. The line and the module tell them
/// apart. A function that stands in a module has its path alone: it may move to another line.
fn name_in_records(name: &str, site: Option<Site>) -> String {
    let Some((module, line)) = site else { return name.to_owned() };
    if name.starts_with('<') {
        return format!("{module}::{name}");
    }
    let path = name.split('<').next().unwrap_or(name);
    let in_module = path.strip_prefix(module).and_then(|path| path.strip_prefix("::"));
    match in_module {
        Some(path) if line > 0 && path.contains("::") => format!("{name}@{line}"),
        _ => name.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn functions_that_share_a_path_have_different_names_in_records() {
        let site = |line| Some(("shop::prices", line));
        let name = name_in_records;
        assert_eq!(name("shop::prices::price", site(7)), "shop::prices::price");
        assert_eq!(name("shop::prices::price<a::B>", site(7)), "shop::prices::price<a::B>");
        assert_eq!(name("shop::prices::test::price", site(7)), "shop::prices::test::price@7");
        assert_eq!(name("shop::prices::Shop::price", site(0)), "shop::prices::Shop::price");
        assert_eq!(name("<Shop as Price>::price", site(0)), "shop::prices::<Shop as Price>::price");
        assert_eq!(name("prices", site(7)), "prices", "it was given a name");
        assert_eq!(name("prices", None), "prices");
    }
}
