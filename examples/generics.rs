//! Generic functions have one cache for each instantiation, with keys and values of its types.
//!
//! ```text
//! cargo run --release --example generics
//! ```
//!
//! - [`largest()`]: `largest::<u32>` and `largest::<String>` share the source text and nothing else.
//! - [`digits()`]: a constant parameter counts like a type parameter.
//! - [`page()`]: `skip` leaves the closure out of the key, and its type as well. All closures use one
//!   cache. The closure may borrow.
//! - [`Repository`]: the type is generic. The cache of `Repository<User>` holds users.
//!
//! A cache outlives the call, so the types it is instantiated for are `'static`. If threads share
//! the cache, they are `Send + Sync` as well. Arguments may borrow: a `&[T]` is looked up as it is
//! and stored as a `Vec<T>`.

use memofn::memoize;
use std::cell::Cell;
use std::hash::Hash;
use std::marker::PhantomData;

#[memoize]
fn largest<T: Ord + Hash + Clone + Send + Sync + 'static>(items: &[T]) -> Option<T> {
    items.iter().max().cloned()
}

/// The number of digits of `n` in a base.
#[memoize(maxsize = unbounded)]
fn digits<const BASE: u64>(n: u64) -> u32 {
    if n < BASE { 1 } else { 1 + digits::<BASE>(n / BASE) }
}

/// The page at an address. `fetch` gets it.
#[memoize(skip(fetch))]
fn page(url: &str, fetch: impl FnOnce(&str) -> String) -> String {
    fetch(url)
}

/// A type that can be read from a row of a table.
trait Record: Clone + Send + Sync + 'static {
    fn read(row: &str) -> Option<Self>;
}

#[derive(Debug, Clone, PartialEq)]
struct User(String);

#[derive(Debug, Clone, PartialEq)]
struct Price(f64);

impl Record for User {
    fn read(row: &str) -> Option<Self> {
        row.strip_prefix("user ").map(|name| Self(name.to_owned()))
    }
}

impl Record for Price {
    fn read(row: &str) -> Option<Self> {
        row.strip_prefix("price ").and_then(|price| price.parse().ok()).map(Self)
    }
}

/// The only database of this program, read as records of type `R`.
struct Repository<'d, R> {
    rows: &'d [&'d str],
    record: PhantomData<R>,
}

impl<'d, R: Record> Repository<'d, R> {
    fn new(rows: &'d [&'d str]) -> Self {
        Self { rows, record: PhantomData }
    }

    /// `None` is not stored, because the row may come later.
    #[memoize(skip(self), cache_if = Option::is_some)]
    fn find(&self, row: usize) -> Option<R> {
        self.rows.get(row).and_then(|row| R::read(row))
    }
}

fn main() {
    let words = ["pear", "quince", "apple"].map(str::to_owned);
    for _ in 0..2 {
        println!("{:?} {:?}", largest(&[3_u32, 1, 4]), largest(&words));
    }
    assert_eq!(largest(&words).as_deref(), Some("quince"));
    println!("  {}\n  {}", largest::<u32>::cache_info(), largest::<String>::cache_info());
    assert_eq!(largest::<u32>::cache_peek(&[3, 1, 4]), Some(Some(4)));
    assert_eq!((largest::<u32>::cache_info().hits, largest::<String>::cache_info().hits), (1, 2));

    println!("1000 has {} digits, or {} in binary", digits::<10>(1000), digits::<2>(1000));
    assert_eq!((digits::<10>::cache_info().misses, digits::<2>::cache_info().misses), (4, 10));

    let fetched = Cell::new(0); // the first closure borrows it, the second does not
    let count = |url: &str| {
        fetched.set(fetched.get() + 1);
        format!("the text of {url}")
    };
    println!("{}", page("example.org", count));
    println!("{}", page("example.org", count));
    println!("{}", page("example.org", |_| unreachable!("the page is in the cache")));
    assert_eq!(fetched.get(), 1);
    assert_eq!(page::cache_info().hits, 2); // one cache, so no type arguments

    let rows = ["user Ada", "price 9.5"];
    let (users, prices) = (Repository::<User>::new(&rows), Repository::<Price>::new(&rows));
    for row in [0, 0, 1] {
        println!("row {row}: {:?}, {:?}", users.find(row), prices.find(row));
    }
    assert_eq!((users.find(0), prices.find(1)), (Some(User("Ada".to_owned())), Some(Price(9.5))));
    let (of_users, of_prices) =
        (Repository::<User>::find_cache().info(), Repository::<Price>::find_cache().info());
    assert_eq!((of_users.hits, of_users.misses, of_users.rejected), (2, 2, 1));
    assert_eq!((of_prices.hits, of_prices.misses, of_prices.rejected), (1, 3, 2));
    println!("\n{}", memofn::report());
}
