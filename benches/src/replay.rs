//! Replays recorded traces through a memoized function, and compares its hit ratios with those of exact LRU.
//!
//! The folder holds `NAME.u32.gz` files: gzip of one little-endian `u32` per request. Its `README.md` has a table
//! of the hit ratios of exact LRU for several sizes. On one thread the function must have the same ratios, to the
//! last digit. For several threads the difference is shown.

use comfy_table::presets::ASCII_MARKDOWN;
use comfy_table::{CellAlignment, Table};
use flate2::read::GzDecoder;
use memofn::{Cache, memoize};
use std::error::Error;
use std::fs::{self, File};
use std::io::Read;
use std::path::Path;
use std::process::ExitCode;
use std::sync::Barrier;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::thread;

/// Numbers of threads, besides one.
const THREADS: [usize; 2] = [2, 4];

/// How many requests a thread takes at a time.
const CHUNK: usize = 16;

#[memoize(cache = cache)]
fn request(cache: &Cache<u32, u32>, key: u32) -> u32 {
    !key
}

fn main() -> ExitCode {
    let Some(folder) = std::env::args_os().nth(1) else {
        eprintln!("usage: replay FOLDER");
        return ExitCode::from(2);
    };
    match replay(folder.as_ref()) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => {
            eprintln!("error: not exactly LRU");
            ExitCode::FAILURE
        }
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Whether all hit ratios on one thread equal those of the table.
fn replay(folder: &Path) -> Result<bool, Box<dyn Error>> {
    let rows = rows(&fs::read_to_string(folder.join("README.md"))?)?;
    let mut equal = true;
    let mut table = Table::new();
    let several = THREADS.iter().map(|threads| format!("{threads} threads"));
    let head = ["trace", "requests", "entries", "LRU", "1 thread"].map(str::to_owned);
    table.load_preset(ASCII_MARKDOWN).set_header(head.into_iter().chain(several));
    for row in rows {
        eprintln!("{}", row.trace);
        let requests = requests(&folder.join(format!("{}.u32.gz", row.trace)))?;
        for (size, exact) in row.exact {
            let single = hit_ratio(&requests, size, 1);
            let here = format!("{single:.2}");
            let mark = if here == exact { "" } else { " !" };
            equal &= here == exact;
            let (count, size_cell) = (requests.len().to_string(), size.to_string());
            let cells = [row.trace.clone(), count, size_cell, exact, format!("{here}{mark}")];
            let several = THREADS
                .map(|threads| format!("{:+.2}", hit_ratio(&requests, size, threads) - single));
            table.add_row(cells.into_iter().chain(several));
        }
    }
    for column in table.column_iter_mut().skip(1) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    println!("hit ratio in %; on several threads, the difference to one, in points\n\n{table}\n");
    println!("{}", if equal { "all equal on one thread" } else { "! differs" });
    Ok(equal)
}

/// Percent of the requests that hit a cache of `size` entries. Threads take the next few requests in turn, so
/// that none falls behind.
#[allow(clippy::cast_precision_loss)]
fn hit_ratio(requests: &[u32], size: usize, threads: usize) -> f64 {
    let cache = Cache::new(size);
    let next = AtomicUsize::new(0);
    let barrier = Barrier::new(threads);
    let run = || {
        barrier.wait();
        loop {
            let first = next.fetch_add(CHUNK, Relaxed);
            let Some(chunk) = requests.get(first..requests.len().min(first + CHUNK)) else { break };
            for &key in chunk {
                assert_eq!(request(&cache, key), !key, "a wrong result");
            }
        }
    };
    if threads == 1 {
        run();
    } else {
        thread::scope(|scope| {
            (0..threads).for_each(|_| drop(scope.spawn(run)));
        });
    }
    let info = cache.info();
    assert_eq!(info.hits + info.misses, requests.len() as u64, "a call was not counted");
    assert!(info.currsize <= size, "more entries than `maxsize`");
    100.0 * info.hits as f64 / requests.len() as f64
}

fn requests(file: &Path) -> Result<Vec<u32>, Box<dyn Error>> {
    let open = File::open(file).map_err(|error| format!("{}: {error}", file.display()))?;
    let mut bytes = Vec::new();
    GzDecoder::new(open).read_to_end(&mut bytes)?;
    Ok(bytes.as_chunks().0.iter().copied().map(u32::from_le_bytes).collect())
}

/// The row of one trace: sizes, and the hit ratios of LRU as text.
struct Row {
    trace: String,
    exact: Vec<(usize, String)>,
}

/// The rows of the table with this head: `| trace | max | 128: LRU | OPT | 0.1 %: size | LRU | OPT | ..`.
fn rows(readme: &str) -> Result<Vec<Row>, String> {
    let mut lines = readme.lines().skip_while(|line| !line.starts_with("| trace | max |"));
    let head = cells(lines.next().ok_or("the README has no table of exact ratios")?);
    let rows = lines.skip(1).take_while(|line| line.starts_with('|'));
    rows.map(|line| {
        let cells = cells(line);
        let trace = cells[0].trim_matches('`').to_owned();
        let mut exact = Vec::new();
        for column in (0..head.len()).filter(|&column| head[column].ends_with("LRU")) {
            // The size is in the head or in the cell before.
            let size = head[column].strip_suffix(": LRU").unwrap_or(cells[column - 1]);
            let size = size.replace(',', "").parse();
            let size = size.map_err(|_| format!("no size in `{line}`"))?;
            exact.push((size, cells[column].to_owned()));
        }
        Ok(Row { trace, exact })
    })
    .collect()
}

fn cells(line: &str) -> Vec<&str> {
    line.trim_matches('|').split('|').map(str::trim).collect()
}
