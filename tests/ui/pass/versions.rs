//! Versions in a crate that denies many lints.

#![deny(
    warnings, missing_docs, unreachable_pub, missing_debug_implementations, rust_2018_idioms,
    unused_qualifications, unused_lifetimes, unused_results, single_use_lifetimes, let_underscore,
    elided_lifetimes_in_paths, keyword_idents, non_ascii_idents, trivial_casts,
    trivial_numeric_casts, unused_extern_crates, unused_import_braces, variant_size_differences,
    missing_copy_implementations, redundant_lifetimes, unit_bindings, explicit_outlives_requirements,
    absolute_paths_not_starting_with_crate, macro_use_extern_crate, meta_variable_misuse,
    clippy::all, clippy::pedantic, clippy::nursery
)]

use memofn::{memoize, versioned};

/// Tables, and what reads them.
pub mod tables {
    use memofn::versioned;

    /// The rates.
    #[versioned]
    pub const RATES: [u32; 2] = [7, 19];

    /// The names.
    #[versioned(2)]
    pub static NAMES: [&str; 2] = ["low", "high"];

    /// A rate.
    #[versioned(depends(RATES))]
    #[derive(Debug, Clone, Copy)]
    pub struct Rate<T: Copy>(
        /// Its number.
        pub T,
    )
    where
        T: Into<usize>;

    /// Reads a rate.
    #[must_use]
    #[versioned(depends(RATES, Rate<u8>))]
    pub fn rate(of: Rate<u8>) -> u32 {
        RATES[usize::from(of.0)]
    }

    #[versioned]
    const HIDDEN: u32 = 1;

    /// With something hidden.
    #[memofn::memoize(depends(HIDDEN))]
    #[must_use]
    pub fn hidden(n: u32) -> u32 {
        n + HIDDEN
    }
}

/// A tax.
#[memoize(version = 3, depends(tables::rate, self::tables::NAMES, tables::hidden, r#type))]
#[must_use]
pub fn tax(net: u32) -> u32 {
    net * tables::rate(tables::Rate(1)) / 100 + r#type(0)
}

#[versioned]
fn r#type(n: u32) -> u32 {
    n
}

/// `CACHE_VERSION` without documentation of the program's own.
pub mod other {
    use super::tables;
    use memofn as cache;

    /// Another tax.
    #[cache::memoize(crate = cache, depends(super::tax, tables::Rate::<u8>))]
    #[must_use]
    pub fn tax(net: u32) -> u32 {
        super::tax(net) + 1
    }
}

fn main() {
    assert_eq!(tax(100), 19);
    assert_eq!(other::tax(100), 20);
    assert_eq!(tables::hidden(1), 2);
    assert_ne!(tax::CACHE_VERSION, other::tax::CACHE_VERSION);
    assert_eq!(tables::NAMES.len(), 2);
}
