//! A build graph on rayon: each target is built once, however many others need it.
//!
//! ```text
//! cargo run --release --example build_graph
//! ```
//!
//! A target builds what it depends on in parallel, by the same method. A thread that needs a target which
//! another thread builds waits for it. No schedule deadlocks, though rayon's threads build other targets
//! while they wait. An error fails all that depend on it and is not stored.

use memofn::{Cache, memoize};
use rayon::prelude::*;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::sleep;
use std::time::Duration;

#[derive(Debug, Clone, PartialEq)]
struct NoRule(String);

struct Graph {
    dependencies: BTreeMap<String, Vec<String>>,
    built: Cache<String, u64>,
    runs: AtomicUsize,
}

impl Graph {
    /// A graph of layers. Each target depends on three of the layer below it.
    fn of_layers(layers: usize, width: usize) -> Self {
        let target = |layer: usize, nth: usize| format!("{layer}/{}", nth % width);
        let mut dependencies = BTreeMap::new();
        for layer in 0..layers {
            for nth in 0..width {
                let below = (0..3).map(|k| target(layer.wrapping_sub(1), nth + k));
                let below = if layer == 0 { Vec::new() } else { below.collect() };
                dependencies.insert(target(layer, nth), below);
            }
        }
        let broken = vec![target(0, 1), "missing".to_owned()];
        dependencies.insert("broken".to_owned(), broken);
        Self { dependencies, built: Cache::unbounded(), runs: AtomicUsize::new(0) }
    }

    /// Builds a target and what it depends on. Returns the number of commands of a build without a cache.
    ///
    /// The key is looked up as `&str`. Only a miss makes a `String` of it.
    #[memoize(cache = self.built)]
    fn build(&self, target: &str) -> Result<u64, NoRule> {
        let below = self.dependencies.get(target).ok_or_else(|| NoRule(target.to_owned()))?;
        let below: Vec<u64> =
            below.par_iter().map(|target| self.build(target)).collect::<Result<_, _>>()?;
        self.runs.fetch_add(1, Ordering::Relaxed);
        sleep(Duration::from_millis(1)); // imagine a compiler
        Ok(1 + below.iter().sum::<u64>())
    }
}

fn main() {
    let (layers, width) = (12, 8);
    let graph = Graph::of_layers(layers, width);
    let top: Vec<_> = (0..width).map(|nth| format!("{}/{nth}", layers - 1)).collect();
    let commands: Vec<_> = top.par_iter().map(|target| graph.build(target)).collect();
    println!(
        "{} commands instead of {:?} a target",
        graph.runs.load(Ordering::Relaxed),
        commands[0]
    );
    println!("{}", graph.built.info());
    assert!(commands.iter().all(|commands| *commands == Ok((3_u64.pow(12) - 1) / 2)));
    assert_eq!(graph.runs.load(Ordering::Relaxed), layers * width, "each target once");

    assert_eq!(graph.build("broken"), Err(NoRule("missing".to_owned())));
    assert!(graph.built.peek("broken").is_none(), "an error is not stored");

    // A source has changed: build again what needs it, and nothing else.
    let changed = ["10/3", "11/1", "11/2", "11/3"];
    graph.built.retain(|target, _| !changed.contains(&target.as_str()));
    top.par_iter().for_each(|target| assert!(graph.build(target).is_ok()));
    assert_eq!(graph.runs.load(Ordering::Relaxed), layers * width + changed.len());
}
