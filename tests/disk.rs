//! Results on disk, as a program meets them. Two functions of one name and version stand for two processes.
#![cfg(feature = "disk")]

mod common;

use common::{finishes, finishes_within};
use futures::executor::block_on;
use memofn::tier::TierEvent;
use memofn::{Cache, disk, memoize, testing};
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::env;
use std::ffi::OsStr;
use std::fs;
use std::hash::Hash;
use std::path::{Path, PathBuf};
use std::process;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU32, Ordering::SeqCst};
use std::thread;
use std::time::Duration;

const LONG: Duration = Duration::from_secs(120);

/// A directory that is removed at the end.
struct Directory(PathBuf);

impl Directory {
    fn new(name: &str) -> Self {
        let path = env::temp_dir().join(format!("memofn-{name}-{}", process::id()));
        let _ = fs::remove_dir_all(&path);
        fs::create_dir_all(&path).expect("it can be created");
        Self(path)
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

static RUNS: AtomicU32 = AtomicU32::new(0);

#[memoize(disk, name = "upper", version = 1)]
fn upper(text: &str) -> Result<String, String> {
    RUNS.fetch_add(1, SeqCst);
    if text.is_empty() { Err("no text".to_owned()) } else { Ok(text.to_uppercase()) }
}

#[memoize(disk = "elsewhere.sqlite3", name = "upper", version = 1)]
async fn upper_async(text: &str) -> Result<String, String> {
    std::future::ready(upper::uncached(text)).await
}

#[test]
fn a_result_is_on_disk_for_the_next_process_and_an_error_is_not() {
    let directory = Directory::new("next");
    let _tiers = testing::tiers(&directory.0);
    assert_eq!(upper("a"), Ok("A".to_owned()));
    assert_eq!(upper(""), Err("no text".to_owned()));
    // A result that is not written yet answers as well: there is one tier for a directory.
    assert_eq!(block_on(upper_async("a")), Ok("A".to_owned()));
    assert_eq!(upper_async::cache_info().tier_hits, 1);
    assert!(block_on(upper_async("")).is_err());
    assert!(memofn::flush(LONG));
    assert_eq!(RUNS.load(SeqCst), 3);
    upper::cache_remove("a");
    upper_async::cache_clear();
    assert_eq!(block_on(upper_async("a")), Ok("A".to_owned()));
    assert_eq!(RUNS.load(SeqCst), 4, "it was forgotten on disk as well");
    let files: Vec<_> = fs::read_dir(&directory.0).expect("it is there").collect();
    assert!(!files.is_empty());
}

#[memoize(disk, name = "tagged", version = 1, tags = ["texts"])]
fn tagged(text: &str) -> usize {
    forgotten_by_another_process(text);
    text.len()
}

/// The same function in a process that starts later, for which a body returns 0.
#[memoize(disk, name = "tagged", version = 1, tags = ["texts"])]
fn tagged_later(_text: &str) -> usize {
    0
}

/// The directory of the test that runs.
static PLACE: Mutex<Option<PathBuf>> = Mutex::new(None);

/// Has another process forget what is asked for. It has ended when this returns.
fn forgotten_by_another_process(text: &str) {
    let Some(how) = text.strip_prefix("forgotten by ") else { return };
    let place = PLACE.lock().expect("no panic").clone().expect("a test has named it");
    let variables = [("MEMOFN_FORGETS", how.as_ref()), ("MEMOFN_PLACE", place.as_os_str())];
    run_in_another_process("forgets_for_another_test", &variables);
}

/// Runs a test of this file in a process of its own, with these variables.
fn run_in_another_process(test: &str, variables: &[(&str, &OsStr)]) -> String {
    let mut command = process::Command::new(env::current_exe().expect("it runs"));
    command.args(["--exact", test, "--include-ignored", "--nocapture"]);
    let output = command.envs(variables.iter().copied()).output().expect("it starts");
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{said}");
    said
}

#[test]
#[ignore = "another test runs it in a process of its own"]
fn forgets_for_another_test() {
    let (Some(how), Some(place)) = (env::var_os("MEMOFN_FORGETS"), env::var_os("MEMOFN_PLACE"))
    else {
        return;
    };
    let _tiers = testing::tiers(PathBuf::from(place));
    tagged("a cache that was not used knows no tier");
    match how.to_str() {
        Some("tag") => _ = memofn::invalidate_tag("texts"),
        Some("key") => _ = tagged::cache_remove("forgotten by key"),
        _ => tagged::cache_clear(),
    }
    assert!(memofn::flush(LONG));
}

#[test]
fn what_another_process_has_forgotten_during_a_run_is_not_kept() {
    finishes("runs of two processes", || {
        for how in ["tag", "key", "function"] {
            let directory = Directory::new(how);
            let _tiers = testing::tiers(&directory.0);
            let (text, another) = (format!("forgotten by {how}"), format!("not {how}"));
            *PLACE.lock().expect("no panic") = Some(directory.0.clone());
            assert_eq!((tagged(&text), tagged(&another)), (text.len(), another.len()));
            assert!(memofn::flush(LONG));
            // A run that began later is kept.
            assert_eq!((tagged_later(&text), tagged_later(&another)), (0, another.len()), "{how}");
            // The same for a refresh.
            tagged_later::cache_insert(&text, 0);
            assert_eq!(tagged::cache_refresh(&text), text.len());
            assert_eq!(tagged::cache_refresh(&another), another.len());
            assert!(memofn::flush(LONG));
            let next = later::<String, usize>(&directory, "tagged");
            assert_eq!(next.get_or_compute(text, || 1), 1, "{how}");
            assert_eq!(next.get_or_compute(another.clone(), || 1), another.len(), "{how}");
        }
    });
}

/// The cache of a process that starts later, on the file of the functions of this package.
fn later<K, V>(directory: &Directory, name: &'static str) -> Cache<K, V>
where
    K: Hash + Eq + Clone + Serialize + Send + Sync + 'static,
    V: Clone + Serialize + DeserializeOwned + Send + Sync + 'static,
{
    let file = directory.0.join(concat!(env!("CARGO_PKG_NAME"), ".sqlite3"));
    Cache::builder().name(name).tier(disk::at(file), 1).build()
}

#[memoize(disk, name = "renewed", version = 1, skip(meanwhile))]
fn renewed(n: u64, meanwhile: &dyn Fn()) -> u64 {
    meanwhile();
    n + 1
}

#[test]
fn what_another_cache_on_the_file_has_forgotten_during_a_refresh_is_not_kept() {
    let directory = Directory::new("renewed");
    let _tiers = testing::tiers(&directory.0);
    let others = later::<u64, u64>(&directory, "renewed");
    assert_eq!(renewed(1, &|| {}), 2);
    assert_eq!(renewed::cache_refresh(1, &|| _ = others.remove(&1)), 2);
    assert_eq!(others.get_or_compute(1, || 77), 77, "the removal was not undone");
    assert_eq!(renewed::cache_refresh(1, &|| {}), 2);
    let third = later::<u64, u64>(&directory, "renewed");
    assert_eq!(third.get_or_compute(1, || unreachable!("the file has it")), 2);
}

/// The events of all files.
static TOLD: Mutex<Vec<TierEvent>> = Mutex::new(Vec::new());

#[test]
fn the_program_is_told_once_that_a_file_is_away_and_once_that_it_is_back() {
    finishes("a file that is away", || {
        let directory = Directory::new("told");
        let obstacle = directory.0.join("obstacle");
        fs::write(&obstacle, "").expect("there is room");
        memofn::on_tier_event(|event| TOLD.lock().expect("no panic").push(event.clone()));
        let told = || -> Vec<_> {
            let told = TOLD.lock().expect("no panic");
            let is_ours = |event: &&TierEvent| format!("{event:?}").contains("obstacle");
            told.iter().filter(is_ours).cloned().collect()
        };
        let cache = cache_on(&obstacle.join("told.sqlite3"));
        let mut call = (0..).map(|key| cache.get_or_compute(key, || value_of(key)));
        while told().is_empty() {
            call.next();
        }
        (0..100).for_each(|_| _ = call.next());
        fs::remove_file(&obstacle).expect("it can be removed");
        while told().len() < 2 {
            call.next();
            let _ = memofn::flush(Duration::from_millis(1));
        }
        let told = told();
        let [TierEvent::Away { status }, TierEvent::Back { .. }] = &told[..] else {
            panic!("{told:?}")
        };
        assert!(status.contains("last error"), "{status}");
    });
}

/// The keys and values of the damaged files.
const ENTRIES: u32 = 20;

fn value_of(key: u32) -> String {
    format!("the value of {key}")
}

fn cache_on(path: &Path) -> Cache<u32, String> {
    Cache::builder().name("entries").tier(disk::at(path), 1).build()
}

/// Asks a file for each entry. Returns how many it had. None of them may be wrong.
fn entries_of(path: &Path) -> usize {
    let cache = cache_on(path);
    let mut found = 0;
    for key in 0..ENTRIES {
        let value = cache.get_or_compute(key, || "computed anew".to_owned());
        if value == "computed anew" {
            continue;
        }
        assert_eq!(value, value_of(key), "{}", path.display());
        found += 1;
    }
    found
}

/// A file and its journal.
struct File {
    main: Vec<u8>,
    journal: Vec<u8>,
}

impl File {
    fn write(&self, path: &Path) {
        fs::write(path, &self.main).expect("there is room");
        fs::write(journal_of(path), &self.journal).expect("there is room");
    }
}

fn journal_of(path: &Path) -> PathBuf {
    let mut journal = path.as_os_str().to_owned();
    journal.push("-wal");
    journal.into()
}

const WHOLE: &str = "whole.sqlite3";

/// A file with the entries.
fn whole_file(directory: &Directory) -> File {
    let path = directory.0.join(WHOLE);
    // Another process writes it: this one would keep it open.
    let variables = [("MEMOFN_WRITES", path.as_os_str())];
    run_in_another_process("writes_a_file_for_another_test", &variables);
    read_file(&path)
}

fn read_file(path: &Path) -> File {
    let journal = fs::read(journal_of(path)).unwrap_or_default();
    File { main: fs::read(path).expect("it was written"), journal }
}

#[test]
#[ignore = "another test runs it in a process of its own"]
fn writes_a_file_for_another_test() {
    let Some(path) = env::var_os("MEMOFN_WRITES").map(PathBuf::from) else { return };
    let cache = cache_on(&path);
    (0..ENTRIES).for_each(|key| _ = cache.get_or_compute(key, || value_of(key)));
    assert!(memofn::flush(LONG));
}

/// Damage to the bytes of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Damage {
    Flip,
    Cut,
}

/// Damages copies of the whole file at these places, and asks each for its entries. Returns how many were right.
fn right_after(damage: Damage, directory: &Path, places: impl Iterator<Item = usize>) -> usize {
    let whole = read_file(&directory.join(WHOLE));
    let mut right = 0;
    let mut ask = |name: String, main: Vec<u8>, journal: Vec<u8>| {
        let path = directory.join(name);
        File { main, journal }.write(&path);
        right += entries_of(&path);
    };
    for at in places {
        let (main, journal) = (whole.main.clone(), whole.journal.clone());
        let cut = |bytes: &[u8]| bytes[..at.min(bytes.len())].to_vec();
        match damage {
            Damage::Flip => {
                let (mut main, mut journal) = (main, journal);
                let mut bytes = main.iter_mut().chain(&mut journal);
                let Some(byte) = bytes.nth(at) else { break };
                *byte ^= 1 << (at % 8);
                ask(format!("flip-{at}.sqlite3"), main, journal);
            }
            Damage::Cut => {
                if at >= main.len().max(journal.len()) {
                    break;
                }
                ask(format!("cut-{at}.sqlite3"), cut(&main), journal.clone());
                ask(format!("journal-cut-{at}.sqlite3"), main, cut(&journal));
            }
        }
    }
    right
}

/// Whether all places are damaged, and not a small sample. With `TMPDIR=/dev/shm` that takes minutes.
fn is_full() -> bool {
    env::var_os("MEMOFN_STRESS").is_some_and(|stress| stress == "full")
}

fn limit() -> Duration {
    Duration::from_secs(if is_full() { 7_200 } else { 300 })
}

/// Damages the whole file at a sample of its places, or at each at full size.
fn damages(damage: Damage, step: usize) {
    let directory = Directory::new(&format!("{damage:?}"));
    let whole = whole_file(&directory);
    if !is_full() {
        let right = right_after(damage, &directory.0, (0..).step_by(step));
        // A change in the journal costs all that follows there.
        assert!(right > 0);
        return;
    }
    let places = whole.main.len() + whole.journal.len();
    let mut right = 0;
    for from in (0..places).step_by(PLACES) {
        // A process keeps all of its files open.
        let (kind, from) = (format!("{damage:?}"), from.to_string());
        let variables = [
            ("MEMOFN_DAMAGES", directory.0.as_os_str()),
            ("MEMOFN_HOW", kind.as_ref()),
            ("MEMOFN_FROM", from.as_ref()),
        ];
        let said = run_in_another_process("damages_a_file_for_another_test", &variables);
        let said = said.split_once(RIGHT).expect("it says so").1;
        right += said.lines().next().and_then(|it| it.parse::<usize>().ok()).expect("a number");
        for file in fs::read_dir(&directory.0).expect("it is there").flatten() {
            if !file.file_name().to_string_lossy().starts_with(WHOLE) {
                fs::remove_file(file.path()).expect("it is ours");
            }
        }
    }
    println!("{damage:?} at each of {places} places: {right} values were right");
    assert!(right > 0);
}

/// The damages that one process sees to.
const PLACES: usize = 100;

/// The words of such a process before the number of values that were right.
const RIGHT: &str = "values that were right: ";

#[test]
#[ignore = "another test runs it in a process of its own"]
fn damages_a_file_for_another_test() {
    let variable = |name| env::var_os(name).map(|it| it.to_string_lossy().into_owned());
    let Some(directory) = variable("MEMOFN_DAMAGES") else { return };
    let (how, from) = (variable("MEMOFN_HOW").unwrap(), variable("MEMOFN_FROM").unwrap());
    let damage = if how == "Flip" { Damage::Flip } else { Damage::Cut };
    let from: usize = from.parse().expect("a number");
    println!("{RIGHT}{}", right_after(damage, directory.as_ref(), from..from + PLACES));
}

#[test]
fn a_file_with_a_changed_byte_gives_the_right_value_or_none() {
    finishes_within(limit(), "damaged files", || damages(Damage::Flip, 331));
}

#[test]
fn a_file_that_was_cut_gives_the_right_value_or_none() {
    finishes_within(limit(), "cut files", || damages(Damage::Cut, 1021));
}

#[test]
fn threads_and_tasks_share_a_file() {
    finishes("callers of a file", || {
        let directory = Directory::new("threads");
        let path = directory.0.join("shared.sqlite3");
        let caches: Vec<_> = (0..4).map(|_| cache_on(&path)).collect();
        thread::scope(|scope| {
            for (i, cache) in caches.iter().cycle().take(8).enumerate() {
                scope.spawn(move || {
                    for key in 0..ENTRIES {
                        let value = if i % 2 == 0 {
                            cache.get_or_compute(key, || value_of(key))
                        } else {
                            block_on(cache.get_or_compute_async(key, async || value_of(key)))
                        };
                        assert_eq!(value, value_of(key));
                    }
                });
            }
        });
        assert!(memofn::flush(LONG));
        assert_eq!(entries_of(&path), ENTRIES as usize);
    });
}
