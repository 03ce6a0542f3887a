//! Dynamic programming in parallel: two texts are aligned on rayon, over a shared cache.
//!
//! ```text
//! cargo run --release --example alignment
//! ```
//!
//! The score of two prefixes follows from the scores of their shorter prefixes (Needleman and Wunsch, 1970). By hand, one
//! fills a table row by row. Four programs do the same:
//!
//! - the table, on one thread;
//! - a table of blocks on rayon. A loop by hand goes from one diagonal of blocks to the next, because the blocks of a
//!   diagonal need nothing of each other;
//! - [`block()`]: the same blocks, memoized. Each says which blocks it needs, and rayon computes them in parallel. There is no
//!   order to think of. A thread that needs a block which another thread computes waits for it;
//! - [`cell()`]: an entry for each cell of the table, which is the smallest program and the slowest by far. The cost
//!   of a look-up is little for a block, and much for a cell.

use memofn::memoize;
use rayon::prelude::*;
use std::sync::Arc;
use std::time::{Duration, Instant};

const MATCH: i32 = 1;
const MISMATCH: i32 = -1;
const GAP: i32 = -2;

/// The length of the texts, and of the part that a block covers.
const LENGTH: usize = 4_000;
const BLOCK: usize = 200;
const BLOCKS: usize = LENGTH / BLOCK;

/// The length of the texts for [`cell()`].
const SHORT: usize = 500;

struct Texts {
    left: Vec<u8>,
    top: Vec<u8>,
}

/// The last row and the last column of a block: all that its neighbours need. The row begins with the cell left of it.
struct Border {
    bottom: Vec<i32>,
    right: Vec<i32>,
}

/// Fills a rectangle of the table, of which it keeps one row at a time.
fn fill(left: &[u8], top: &[u8], above: &[i32], before: &[i32]) -> Border {
    let (mut row, mut right) = (above.to_vec(), Vec::with_capacity(left.len()));
    for (letter, &first) in left.iter().zip(before) {
        let mut diagonal = std::mem::replace(&mut row[0], first);
        let mut last = first;
        for (cell, other) in row[1..].iter_mut().zip(top) {
            let score = best(diagonal + similarity(*letter, *other), *cell, last);
            diagonal = std::mem::replace(cell, score);
            last = score;
        }
        right.push(last);
    }
    Border { bottom: row, right }
}

fn similarity(a: u8, b: u8) -> i32 {
    if a == b { MATCH } else { MISMATCH }
}

fn best(both: i32, above: i32, before: i32) -> i32 {
    both.max(above.max(before) + GAP)
}

/// Scores of gaps alone: the first row and column of the table.
fn gaps(from: usize, to: usize) -> Vec<i32> {
    (from..=to).map(|length| GAP * i32::try_from(length).expect("texts are short")).collect()
}

/// The part of a text or of the first row that a block covers.
fn part(block: usize) -> std::ops::Range<usize> {
    block * BLOCK..(block + 1) * BLOCK
}

/// A block, from those above and left of it. At the edges there are none.
fn next_block(
    at: (usize, usize),
    texts: &Texts,
    above: Option<&Border>,
    before: Option<&Border>,
) -> Border {
    let (rows, columns) = (part(at.0), part(at.1));
    let above = above.map_or_else(|| gaps(columns.start, columns.end), |it| it.bottom.clone());
    let before = before.map_or_else(|| gaps(rows.start + 1, rows.end), |it| it.right.clone());
    fill(&texts.left[rows], &texts.top[columns], &above, &before)
}

/// The cache belongs to one pair of texts.
#[memoize(maxsize = unbounded, skip(texts))]
fn block(row: usize, column: usize, texts: &Texts) -> Arc<Border> {
    let (above, before) = rayon::join(
        || row.checked_sub(1).map(|row| block(row, column, texts)),
        || column.checked_sub(1).map(|column| block(row, column, texts)),
    );
    Arc::new(next_block((row, column), texts, above.as_deref(), before.as_deref()))
}

#[memoize(maxsize = unbounded, skip(texts))]
fn cell(row: usize, column: usize, texts: &Texts) -> i32 {
    if row == 0 || column == 0 {
        return GAP * i32::try_from(row + column).expect("texts are short");
    }
    let both = similarity(texts.left[row - 1], texts.top[column - 1]);
    let diagonal = cell(row - 1, column - 1, texts);
    best(diagonal + both, cell(row - 1, column, texts), cell(row, column - 1, texts))
}

fn by_table(left: &[u8], top: &[u8]) -> i32 {
    corner(&fill(left, top, &gaps(0, top.len()), &gaps(1, left.len())))
}

fn by_diagonals(texts: &Texts) -> i32 {
    let mut blocks: Vec<Vec<Option<Border>>> =
        (0..BLOCKS).map(|_| (0..BLOCKS).map(|_| None).collect()).collect();
    for diagonal in 0..2 * BLOCKS - 1 {
        let rows = diagonal.saturating_sub(BLOCKS - 1)..=diagonal.min(BLOCKS - 1);
        let next = |row: usize| {
            let column = diagonal - row;
            let above = row.checked_sub(1).and_then(|row| blocks[row][column].as_ref());
            let before = column.checked_sub(1).and_then(|column| blocks[row][column].as_ref());
            (row, column, next_block((row, column), texts, above, before))
        };
        let done: Vec<_> = rows.into_par_iter().map(next).collect();
        for (row, column, border) in done {
            blocks[row][column] = Some(border);
        }
    }
    blocks[BLOCKS - 1][BLOCKS - 1].as_ref().map_or(0, corner)
}

fn by_blocks(texts: &Texts) -> i32 {
    block::cache_clear();
    corner(&block(BLOCKS - 1, BLOCKS - 1, texts))
}

/// The score of both texts: the last cell.
fn corner(border: &Border) -> i32 {
    border.right.last().copied().unwrap_or_default()
}

/// Letters of DNA. The second text is the first with some letters changed, lost and added.
fn texts() -> Texts {
    let mut state = 2_024_u64;
    let mut next = |below: usize| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        usize::try_from(state >> 33).unwrap_or(0) % below
    };
    let left: Vec<u8> = (0..LENGTH).map(|_| b"ACGT"[next(4)]).collect();
    let mut top = Vec::new();
    for letter in &left {
        match next(20) {
            0 => {}
            1 => top.push(b"ACGT"[next(4)]),
            2 => top.extend([*letter, b'A']),
            _ => top.push(*letter),
        }
    }
    top.resize(LENGTH, b'C');
    Texts { left, top }
}

fn main() {
    let texts = texts();
    println!(
        "two texts of {LENGTH} letters, {BLOCKS} x {BLOCKS} blocks, {} threads\n",
        rayon::current_num_threads()
    );
    let (table, score) = fastest(|| by_table(&texts.left, &texts.top));
    let row = |name: &str, time: Duration, table: Duration| {
        let ratio = time.as_secs_f64() / table.as_secs_f64();
        println!("{name:<34}{time:>9.1?}{ratio:>9.2} of the table");
    };
    row("table, one thread", table, table);
    let (time, diagonals) = fastest(|| by_diagonals(&texts));
    row("table of blocks, on rayon", time, table);
    let (time, memoized) = fastest(|| by_blocks(&texts));
    row("memoized blocks, on rayon", time, table);
    println!("{:<34}{}\n", "", block::cache_info());
    assert_eq!([diagonals, memoized], [score; 2]);

    let (left, top) = (&texts.left[..SHORT], &texts.top[..SHORT]);
    println!("two texts of {SHORT} letters\n");
    let (table, score) = fastest(|| by_table(left, top));
    row("table, one thread", table, table);
    let (time, memoized) = fastest(|| {
        cell::cache_clear();
        cell(SHORT, SHORT, &texts)
    });
    row("memoized cells, one thread", time, table);
    println!("{:<34}{}", "", cell::cache_info());
    assert_eq!(memoized, score);
}

/// The least time of three runs, and the result.
fn fastest(run: impl Fn() -> i32) -> (Duration, i32) {
    let timed = (0..3).map(|_| {
        let start = Instant::now();
        let score = run();
        (start.elapsed(), score)
    });
    timed.min().expect("three runs")
}
