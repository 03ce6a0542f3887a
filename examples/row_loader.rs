//! A loader of rows: one query for all that is missing.
//!
//! ```text
//! cargo run --release --example row_loader
//! ```
//!
//! A page shows many authors. To ask for each one alone is the "N + 1 queries" problem. The cache answers
//! what it knows, and one query loads the rest. A row that does not exist is a result too, and is kept.

use memofn::Cache;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

struct Database {
    rows: BTreeMap<u64, Arc<str>>,
    queries: AtomicUsize,
}

impl Database {
    fn select(&self, ids: &[u64]) -> Vec<Option<Arc<str>>> {
        println!("   SELECT .. WHERE id IN {ids:?}");
        self.queries.fetch_add(1, Ordering::Relaxed);
        ids.iter().map(|id| self.rows.get(id).cloned()).collect()
    }
}

struct Loader<'d> {
    database: &'d Database,
    authors: Cache<u64, Option<Arc<str>>>,
}

impl<'d> Loader<'d> {
    fn new(database: &'d Database) -> Self {
        Self { database, authors: Cache::new(1000) }
    }

    /// The authors in the order of `ids`.
    fn authors(&self, ids: &[u64]) -> Vec<Option<Arc<str>>> {
        self.authors
            .get_many_or_compute(ids.iter().copied(), |missing| self.database.select(missing))
    }
}

fn main() {
    let rows = (1..=50).map(|id| (id, format!("author {id}").into())).collect();
    let database = Database { rows, queries: AtomicUsize::new(0) };
    let queries = || database.queries.swap(0, Ordering::Relaxed);
    let loader = Loader::new(&database);

    let authors = loader.authors(&[3, 1, 2, 1]);
    assert_eq!(
        authors.iter().flatten().map(|name| &**name).collect::<Vec<_>>(),
        ["author 3", "author 1", "author 2", "author 1"]
    );
    assert_eq!(queries(), 1);

    loader.authors(&[2, 4, 3, 99]);
    assert_eq!(queries(), 1, "only 4 and 99 were missing");

    assert_eq!(loader.authors(&[99, 1]), [None, Some("author 1".into())]);
    assert_eq!(queries(), 0, "that 99 does not exist is known");

    loader.authors.remove(&1); // the row has changed
    loader.authors(&[1, 2, 3]);
    assert_eq!(queries(), 1);
    println!("{}", loader.authors.info());
}
