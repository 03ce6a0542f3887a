//! Crates that depend on memofn in older editions, or under another name in `Cargo.toml`. Each is built and run
//! offline.

use std::path::Path;
use std::process::Command;
use std::{env, fs};

/// Runs `tests/fixtures/callers/<name>.rs` as a crate.
fn run(name: &str, edition: &str, dependency: &str) {
    let ours = Path::new(env!("CARGO_MANIFEST_DIR"));
    let theirs = Path::new(env!("CARGO_TARGET_TMPDIR")).join("callers").join(name);
    let source = ours.join("tests/fixtures/callers").join(format!("{name}.rs"));
    let manifest = format!(
        "[package]\nname = \"{name}\"\nversion = \"0.0.0\"\nedition = \"{edition}\"\n\
         [[bin]]\nname = \"{name}\"\npath = '{}'\n\
         [dependencies.{dependency}]\npackage = \"memofn\"\npath = '{}'\n\
         [workspace]\n",
        source.display(),
        ours.display(),
    );
    fs::create_dir_all(&theirs).unwrap();
    fs::write(theirs.join("Cargo.toml"), manifest).unwrap();
    // These versions have been downloaded already.
    fs::copy(ours.join("Cargo.lock"), theirs.join("Cargo.lock")).unwrap();
    let output = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
        .args(["run", "--quiet", "--offline", "--manifest-path"])
        .arg(theirs.join("Cargo.toml"))
        .arg("--target-dir")
        .arg(theirs.with_file_name("target"))
        .env_remove("RUSTFLAGS")
        .output()
        .expect("cargo runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn editions_2015_to_2021() {
    run("edition_2015", "2015", "memofn");
    run("edition_2018", "2018", "memofn");
    run("edition_2021", "2021", "memofn");
}

#[test]
fn another_name() {
    run("renamed", "2024", "remember");
}
