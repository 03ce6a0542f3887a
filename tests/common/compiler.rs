//! The compiler whose messages the `.stderr` files have.

use std::env;
use std::ffi::OsString;
use std::process::Command;

/// The version of the compiler that wrote the `.stderr` files.
const PINNED: &str = "1.95.";

/// Whether this is that compiler. It says so if not.
pub(crate) fn is_pinned() -> bool {
    let output = Command::new(rustc()).arg("--version").output().expect("rustc runs");
    let version = String::from_utf8_lossy(&output.stdout).into_owned();
    let version = version.trim_start_matches("rustc ").trim().to_owned();
    let is_pinned = version.starts_with(PINNED);
    if !is_pinned {
        println!("skipped: the .stderr files are of rustc {PINNED}x, this is {version}");
    }
    is_pinned
}

pub(crate) fn rustc() -> OsString {
    env::var_os("RUSTC").unwrap_or_else(|| "rustc".into())
}
