//! A folder of Markdown files as HTML pages. A second run of the program does no work.
//!
//! ```text
//! cargo run --release --features disk --example pages [-- FOLDER] [--clear] [--check]
//! ```
//!
//! [`page()`] renders one file. Its result is on disk, under the path and the time at which the file was changed. So a file
//! that has not changed since the last run is not rendered, and not read. `--clear` forgets all pages. `--check` counts the
//! records on disk that are damaged.
//!
//! Without a folder the pages are the guides of this crate. The records are in `target/pages`, unless `MEMOFN_CACHE_DIR` names
//! another directory.

use memofn::memoize;
use pulldown_cmark::{Options, Parser, html};
use std::env;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::SystemTime;

/// A page and its title.
#[derive(Debug, Clone, serde::Serialize, serde::Deserialize)]
struct Page {
    title: String,
    html: String,
}

/// Renders a file as it was at this time. The version is that of the code here: to change it makes all pages anew.
#[memoize(disk = records(), depends(EXTENSIONS), maxsize = unbounded)]
fn page(path: &Path, _changed: SystemTime) -> io::Result<Page> {
    let text = fs::read_to_string(path)?;
    let title = text.lines().find_map(|line| line.strip_prefix("# ")).unwrap_or("no title");
    let mut page = Page { title: title.to_owned(), html: String::new() };
    html::push_html(&mut page.html, Parser::new_ext(&text, EXTENSIONS));
    Ok(page)
}

/// The parts of Markdown that pages may use.
#[memofn::versioned]
const EXTENSIONS: Options = Options::ENABLE_TABLES;

/// Where the records are.
fn records() -> PathBuf {
    let directory =
        env::var_os("MEMOFN_CACHE_DIR").map_or_else(|| "target/pages".into(), PathBuf::from);
    directory.join("pages.sqlite3")
}

fn main() -> io::Result<ExitCode> {
    let mut folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/guides");
    let (mut clears, mut checks) = (false, false);
    for argument in env::args().skip(1) {
        match argument.as_str() {
            "--clear" => clears = true,
            "--check" => checks = true,
            it if it.starts_with('-') => {
                eprintln!("unknown option {it}: there are --clear and --check");
                return Ok(ExitCode::FAILURE);
            }
            path => folder = path.into(),
        }
    }
    if clears {
        page::cache_clear();
        println!("all pages are forgotten");
    }
    render_all(&folder)?;
    // Results are written in the background. A program that ends at once waits for that.
    if !memofn::flush("10s") {
        eprintln!("some pages could not be written: the next run renders them again");
    }
    if checks {
        let found = memofn::disk::check()?;
        println!("{} records on disk, {} of them damaged", found.records, found.bad);
    }
    println!("\n{}", memofn::report());
    Ok(ExitCode::SUCCESS)
}

/// Renders all files of a folder that are not on disk, and says how many were.
fn render_all(folder: &Path) -> io::Result<()> {
    let mut files: Vec<PathBuf> =
        fs::read_dir(folder)?.map(|entry| Ok(entry?.path())).collect::<io::Result<_>>()?;
    files.retain(|path| path.extension().is_some_and(|it| it == "md"));
    files.sort();
    for file in &files {
        let page = page(file, fs::metadata(file)?.modified()?)?;
        println!("{:>7} bytes  {}", page.html.len(), page.title);
    }
    let info = page::cache_info();
    let rendered = info.misses - info.tier_hits;
    println!("{} pages: {rendered} rendered, {} from disk", files.len(), info.tier_hits);
    if rendered == 0 {
        println!("nothing was left to do");
    }
    Ok(())
}
