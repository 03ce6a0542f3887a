//! Methods: how `self` becomes part of the key, and where the entries live.
//!
//! ```text
//! cargo run --release --example methods
//! ```
//!
//! - [`Grid::paths`]: `self` is part of the key like any argument. Equal grids share entries.
//! - [`Article::words`]: the `id` alone is the key. The text is not hashed and not stored.
//! - [`Client::user`]: each client has its own cache, in a field. The cache is dropped with the
//!   client.
//! - [`Manifest::load`]: an associated function without `self`. An attribute cannot tell it from a
//!   free function, so the impl block has the attribute as well.
//! - [`Bank`]'s `rate`: a method of a trait, where the impl block needs the attribute too. `skip`
//!   leaves `self` out of the key, so all banks share entries.

use memofn::{Cache, memoize};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::{fs, io};

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Grid(u32, u32);

impl Grid {
    /// The number of paths from one corner to the opposite one, going only right and down.
    #[memoize(maxsize = unbounded)]
    fn paths(&self) -> u64 {
        match *self {
            Self(0, _) | Self(_, 0) => 1,
            Self(rows, columns) => {
                Self(rows - 1, columns).paths() + Self(rows, columns - 1).paths()
            }
        }
    }
}

struct Article {
    id: u64,
    text: String,
}

impl Article {
    #[memoize(key = self.id)]
    fn words(&self) -> usize {
        self.text.split_whitespace().count()
    }
}

#[derive(Default)]
struct Client {
    requests: AtomicU32,
    users: Cache<u64, Arc<str>>,
}

impl Client {
    /// The cache stores the value of an `Ok`. An error is not stored.
    #[memoize(cache = self.users)]
    fn user(&self, id: u64) -> Result<Arc<str>, String> {
        self.requests.fetch_add(1, Ordering::Relaxed);
        if id == 7 { Ok("Ada".into()) } else { Err(format!("there is no user {id}")) }
    }
}

#[derive(Clone)]
struct Manifest {
    name: String,
}

#[memoize(maxsize = 16)]
impl Manifest {
    #[memoize]
    fn load(path: &Path) -> io::Result<Self> {
        let text = fs::read_to_string(path)?;
        let name = text.lines().find_map(|line| line.strip_prefix("name = "));
        let name = name.ok_or(io::ErrorKind::InvalidData)?.trim_matches('"').to_owned();
        Ok(Self { name })
    }
}

trait Rates {
    fn rate(&self, currency: &str) -> f64;
}

struct Bank;

#[memoize(ttl = "1h")]
impl Rates for Bank {
    #[memoize(skip(self))]
    fn rate(&self, currency: &str) -> f64 {
        if currency == "NOK" { 11.75 } else { 1.0 }
    }
}

fn main() -> io::Result<()> {
    let grid = Grid(16, 16);
    println!("{} paths through {grid:?}: {}", grid.paths(), Grid::paths_cache().info());
    assert_eq!(grid.paths(), 601_080_390); // a run without a cache makes more calls than that
    assert_eq!(Grid::paths_cache().info().misses, 17 * 17 - 1);

    let mut article = Article { id: 1, text: "to be or not to be".to_owned() };
    assert_eq!(article.words(), 6);
    article.text.push_str(", that is the question");
    println!("{} words in the cache, {} in the text", article.words(), article.words_uncached());
    assert_eq!((article.words(), article.words_uncached()), (6, 10));
    Article::words_cache().clear(); // the text changed, so its entry is stale
    assert_eq!(article.words(), 10);

    let (client, other) = (Client::default(), Client::default());
    for client in [&client, &client, &other] {
        println!("{:?}, {:?}: {}", client.user(7), client.user(8), client.users.info());
    }
    assert_eq!(client.requests.load(Ordering::Relaxed), 3); // user 7 once, user 8 each time
    assert_eq!(other.requests.load(Ordering::Relaxed), 2);
    let ada = Arc::downgrade(&client.users.peek(&7).expect("user 7 is stored"));
    drop(client);
    assert!(ada.upgrade().is_none(), "the cache is dropped with the client");
    assert_eq!(other.users.len(), 1);

    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("Cargo.toml");
    println!("{} and {}", Manifest::load(&path)?.name, Manifest::load(&path)?.name);
    assert_eq!(Manifest::load_cache().info().hits, 1);
    assert_eq!(Manifest::load_cache().remove(&path).map(|it| it.name), Some("memofn".to_owned()));

    println!("{} and {} crowns", 10.0 * Bank.rate("NOK"), 20.0 * Bank.rate("NOK"));
    assert_eq!(Bank::rate_cache().info().hits, 1);
    println!("\n{}", memofn::report());
    Ok(())
}
