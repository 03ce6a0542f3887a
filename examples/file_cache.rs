//! Files that are read once, until they change.
//!
//! ```text
//! cargo run --release --example file_cache
//! ```
//!
//! - The result is an `io::Result`: an error is returned but not stored, so a file that is missing
//!   now is looked for again by the next call.
//! - The argument is a `&Path`: a hit allocates nothing, the cache owns a `PathBuf` of its own.
//! - The value is an `Arc<str>`: a hit copies a pointer, not the text.
//! - Whoever changes a file calls `cache_remove`. A read that is under way at that moment, and may
//!   have seen the old text, is not stored either.

use memofn::memoize;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::{env, fs, io, process};

/// How often a file has been opened.
static READS: AtomicUsize = AtomicUsize::new(0);

/// The text of a file.
#[memoize(maxsize = 64)]
fn contents(path: &Path) -> io::Result<Arc<str>> {
    READS.fetch_add(1, Ordering::Relaxed);
    fs::read_to_string(path).map(Arc::from)
}

/// Changes a file, and forgets what was known of it.
fn save(path: &Path, text: &str) -> io::Result<()> {
    fs::write(path, text)?;
    contents::cache_remove(path);
    Ok(())
}

fn main() -> io::Result<()> {
    let directory = Directory::create()?;
    let path = directory.0.join("greeting.txt");

    println!("{:<36}{:<26}{:>5}", "", "contents(\"greeting.txt\")", "reads");
    show("the file is not there yet", &path, None, 1);
    show("asked again: errors are not stored", &path, None, 2);

    fs::write(&path, "Good morning")?;
    show("the file is written", &path, Some("Good morning"), 3);
    show("asked again", &path, Some("Good morning"), 3);

    fs::write(&path, "Good evening")?;
    show("changed behind the cache's back", &path, Some("Good morning"), 3);

    contents::cache_remove(&path);
    show("cache_remove", &path, Some("Good evening"), 4);

    save(&path, "Good night")?;
    show("save: changed and removed", &path, Some("Good night"), 5);
    show("asked again", &path, Some("Good night"), 5);

    // The same text, not a copy of it.
    assert!(Arc::ptr_eq(&contents(&path)?, &contents(&path)?));

    let info = contents::cache_info();
    println!("\n{info}, {} results not stored", info.rejected);
    assert_eq!((info.hits, info.misses, info.rejected), (5, 5, 2));
    Ok(())
}

/// Asks, prints the answer and how often files have been read so far, and checks both.
fn show(what: &str, path: &Path, expected: Option<&str>, reads: usize) {
    let answer = contents(path);
    let text = answer.as_deref().map_or_else(|error| error.kind().to_string(), str::to_owned);
    println!("{what:<36}{text:<26}{:>5}", READS.load(Ordering::Relaxed));
    assert_eq!(answer.as_deref().ok(), expected);
    assert_eq!(READS.load(Ordering::Relaxed), reads);
}

/// A directory that is removed at the end, also when an assertion fails.
struct Directory(PathBuf);

impl Directory {
    fn create() -> io::Result<Self> {
        let path = env::temp_dir().join(format!("memofn-file-cache-{}", process::id()));
        fs::create_dir(&path)?;
        Ok(Self(path))
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        if let Err(error) = fs::remove_dir_all(&self.0) {
            eprintln!("{} is left behind: {error}", self.0.display());
        }
    }
}
