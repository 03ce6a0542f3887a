//! Files that are read once until they change.
//!
//! ```text
//! cargo run --release --example file_cache
//! ```
//!
//! - The result is an `io::Result`. An error is returned but not stored, so the next call looks for
//!   a missing file again.
//! - The argument is a `&Path`. A hit allocates nothing. The cache owns a `PathBuf` as the key.
//! - The value is an `Arc<str>`. A hit copies a pointer, not the text.
//! - Code that changes a file calls `cache_remove`. A read under way at that moment may have seen
//!   the old text, so its result is not stored.

use memofn::memoize;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::{env, fs, io, process};

/// The number of reads so far.
static READS: AtomicUsize = AtomicUsize::new(0);

/// The text of a file.
#[memoize(maxsize = 64)]
fn contents(path: &Path) -> io::Result<Arc<str>> {
    READS.fetch_add(1, Ordering::Relaxed);
    fs::read_to_string(path).map(Arc::from)
}

/// Changes a file and removes its entry.
fn save(path: &Path, text: &str) -> io::Result<()> {
    fs::write(path, text)?;
    contents::cache_remove(path);
    Ok(())
}

fn main() -> io::Result<()> {
    let directory = Directory::create()?;
    let path = directory.0.join("greeting.txt");

    println!("{:<36}{:<26}{:>5}", "", "contents(\"greeting.txt\")", "reads");
    show("the file does not exist yet", &path, None, 1);
    show("called again: errors are not stored", &path, None, 2);

    fs::write(&path, "Good morning")?;
    show("the file is written", &path, Some("Good morning"), 3);
    show("called again", &path, Some("Good morning"), 3);

    fs::write(&path, "Good evening")?;
    show("changed without telling the cache", &path, Some("Good morning"), 3);

    contents::cache_remove(&path);
    show("cache_remove", &path, Some("Good evening"), 4);

    save(&path, "Good night")?;
    show("save: changed and removed", &path, Some("Good night"), 5);
    show("called again", &path, Some("Good night"), 5);

    // The same text, not a copy of it.
    assert!(Arc::ptr_eq(&contents(&path)?, &contents(&path)?));

    let info = contents::cache_info();
    println!("\n{info}, {} results not stored", info.rejected);
    assert_eq!((info.hits, info.misses, info.rejected), (5, 5, 2));
    Ok(())
}

/// Calls `contents`, prints its result and the number of reads, and checks both.
fn show(what: &str, path: &Path, expected: Option<&str>, reads: usize) {
    let answer = contents(path);
    let text = answer.as_deref().map_or_else(|error| error.kind().to_string(), str::to_owned);
    println!("{what:<36}{text:<26}{:>5}", READS.load(Ordering::Relaxed));
    assert_eq!(answer.as_deref().ok(), expected);
    assert_eq!(READS.load(Ordering::Relaxed), reads);
}

/// A temporary directory. Its drop removes it, also if an assertion fails.
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
