//! Functions with `cache = ..`: the cache is a field, an argument or a static.

use crate::check::{ran, remembered, runs};
use memofn::scope::Thread;
use memofn::{Cache, memoize};
use std::hash::Hash;
use std::io;
use std::rc::Rc;
use std::sync::{Arc, LazyLock, Weak};

#[derive(Debug, Default)]
struct Client {
    id: u32,
    users: Cache<u32, String>,
    pairs: Cache<(String, u32), u32>,
    all: Cache<(), Vec<u32>>,
    nested: Option<Box<Caches>>,
    listed: Vec<Cache<u32, u32>>,
}

#[derive(Debug, Default, Clone)]
struct Caches {
    numbers: Cache<u32, u32>,
    found: Cache<u32, Option<u32>>,
    outcomes: Cache<u32, Result<u32, String>>,
}

impl Caches {
    fn numbers(&self) -> &Cache<u32, u32> {
        &self.numbers
    }
}

impl Client {
    #[memoize(cache = self.users)]
    fn user(&self, id: u32) -> Result<String, io::Error> {
        ran(if id == 0 {
            Err(io::ErrorKind::NotFound.into())
        } else {
            Ok(format!("{} {id}", self.id))
        })
    }
    #[memoize(cache = self.pairs)]
    fn pair(&self, name: &str, n: u32) -> u32 {
        ran(u32::from(name.is_empty()) + n)
    }
    #[memoize(cache = self.all)]
    fn all(&self) -> Vec<u32> {
        ran(vec![self.id])
    }
    #[memoize(cache = self.users, key = id / 10)]
    fn keyed(&self, id: u32) -> String {
        ran(format!("{}", id / 10))
    }
    #[memoize(cache = self.users, skip(log))]
    fn logged(&self, log: &mut Vec<u32>, id: u32) -> String {
        log.push(id);
        ran(id.to_string())
    }
    #[memoize(cache = self.users, key = self.id)]
    fn own_name(&self) -> String {
        ran(self.id.to_string())
    }
    #[memoize(cache = self.nested.as_ref().expect("it is nested").numbers)]
    fn nested(&self, n: u32) -> u32 {
        ran(n)
    }
    #[memoize(cache = self.listed[index], skip(index))]
    fn indexed(&self, index: usize, n: u32) -> u32 {
        ran(n)
    }
    #[memoize(cache = self.users)]
    unsafe fn risky(&self, id: u32) -> String {
        ran(id.to_string())
    }
    #[memoize(cache = self.users)]
    fn counted(self: &Arc<Self>, id: u32) -> String {
        ran(id.to_string())
    }
}

fn client(id: u32) -> Client {
    Client { id, ..Client::default() }
}

#[test]
fn each_instance_has_its_own_entries() {
    let (one, other) = (client(1), client(2));
    for (client, name) in [(&one, "1 7"), (&other, "2 7")] {
        let call = &mut || client.user(7).map_err(|error| error.kind());
        let uncached = &mut || client.user_uncached(7).map_err(|error| error.kind());
        remembered(&client.users, call, uncached, &Ok(name.to_owned()));
        assert_eq!(client.users.peek(&7).as_deref(), Some(name));
    }
    one.users.clear();
    runs!(1, one.user(7).is_ok() => true);
    runs!(0, other.user(7).is_ok() => true);
    for _ in 0..2 {
        runs!(1, one.user(0).is_err() => true);
    }
}

#[test]
fn what_is_given_may_be_reached_in_many_ways() {
    let mut client = client(1);
    client.nested = Some(Box::default());
    client.listed = vec![Cache::new(1), Cache::unbounded()];
    let it = &client;
    remembered(&it.pairs, &mut || it.pair("a", 1), &mut || it.pair_uncached("a", 1), &1);
    remembered(&it.all, &mut || it.all(), &mut || it.all_uncached(), &vec![1]);
    let numbers = &it.nested.as_ref().expect("it is nested").numbers;
    remembered(numbers, &mut || it.nested(3), &mut || it.nested_uncached(3), &3);
    runs!(1, it.indexed(1, 7) => 7);
    runs!(0, it.indexed(1, 7) => 7);
    runs!(1, it.indexed(0, 7) => 7);
    remembered(&it.users, &mut || it.own_name(), &mut || it.own_name_uncached(), &"1".to_owned());
}

#[test]
fn a_given_cache_goes_with_the_other_options() {
    let client = client(5);
    runs!(1, client.keyed(10) => "1");
    runs!(0, client.keyed(19) => "1");
    assert_eq!((client.users.len(), client.users.peek(&1).as_deref()), (1, Some("1")));
    let mut log = Vec::new();
    runs!(1, client.logged(&mut log, 7) => "7");
    runs!(0, client.logged(&mut log, 7) => "7");
    assert_eq!(log, [7]);
    // SAFETY: there is nothing to mind.
    unsafe {
        runs!(1, client.risky(8) => "8");
        runs!(0, client.risky(8) => "8");
    }
    let client = Arc::new(client);
    runs!(0, client.counted(8) => "8");
    runs!(1, client.counted(9) => "9");
}

#[memoize(cache = caches.numbers)]
fn field(caches: &Caches, n: u32) -> u32 {
    ran(n)
}
#[memoize(cache = caches.numbers())]
fn method(caches: &Caches, n: u32) -> u32 {
    ran(n)
}
#[memoize(cache = *cache)]
fn argument(cache: &Cache<u32, u32>, n: u32) -> u32 {
    ran(n)
}
#[memoize(cache = caches.found, cache_if = Option::is_some)]
fn found(caches: &Caches, n: u32) -> Option<u32> {
    ran(n.checked_sub(1))
}
#[memoize(cache = caches.outcomes, cache_if = |_| true)]
fn outcome(caches: &Caches, n: u32) -> Result<u32, String> {
    ran(n.checked_sub(1).ok_or_else(|| "zero".to_owned()))
}
#[memoize(cache = *NUMBERS)]
fn in_a_static(n: u32) -> u32 {
    ran(n)
}
#[memoize(cache = NUMBERS, key = n + 1000)]
fn in_the_same_static(n: u32) -> u32 {
    ran(n)
}
#[memoize(cache = HERE.with(Clone::clone))]
fn of_this_thread(n: u32) -> Rc<str> {
    ran(n.to_string().into())
}
#[memoize(cache = cache)]
fn generic<K: Clone + Eq + Hash>(cache: &Cache<(Vec<K>, K), usize>, keys: &[K], key: &K) -> usize {
    ran(keys.iter().filter(|it| *it == key).count())
}

static NUMBERS: LazyLock<Cache<u32, u32>> = LazyLock::new(|| Cache::new(3));

thread_local! {
    static HERE: Cache<u32, Rc<str>, Thread> = Cache::builder().build_for_thread();
}

#[test]
fn functions_are_given_a_cache_too() {
    let caches = Caches::default();
    remembered(&caches.numbers, &mut || field(&caches, 1), &mut || field::uncached(&caches, 1), &1);
    assert_eq!(field::cache_peek(&caches, 1), Some(1));
    assert_eq!(field::cache_remove(&caches, 1), Some(1));
    field::cache_insert(&caches, 1, 10);
    runs!(0, method(&caches, 1) => 10);
    runs!(1, method::cache_refresh(&caches, 1) => 1);
    runs!(0, argument(&caches.numbers, 1) => 1);
    let copy = caches.clone();
    runs!(0, argument(&copy.numbers, 1) => 1);
    runs!(1, found(&caches, 1) => Some(0));
    runs!(0, found(&caches, 1) => Some(0));
    for _ in 0..2 {
        runs!(1, found(&caches, 0) => None::<()>);
    }
    runs!(1, outcome(&caches, 0) => Err::<(), _>("zero"));
    runs!(0, outcome(&caches, 0) => Err::<(), _>("zero"));
    runs!(1, outcome(&caches, 1) => Ok::<_, ()>(0));
    assert_eq!(caches.outcomes.len(), 2);
    let cache = Cache::new(3);
    remembered(
        &cache,
        &mut || generic(&cache, &["a"], &"a"),
        &mut || generic::<&str>::uncached(&cache, &["a"], &"a"),
        &1,
    );
    assert_eq!(generic::<&str>::cache_remove(&cache, &["a"], &"a"), Some(1));
}

#[test]
fn a_static_is_given_too() {
    remembered(&NUMBERS, &mut || in_a_static(1), &mut || in_a_static::uncached(1), &1);
    remembered(
        &NUMBERS,
        &mut || in_the_same_static(1),
        &mut || in_the_same_static::uncached(1),
        &1,
    );
    assert_eq!((NUMBERS.peek(&1001), NUMBERS.info().maxsize), (Some(1), Some(3)));
    let call = &mut || of_this_thread(7);
    HERE.with(|here| remembered(here, call, &mut || of_this_thread::uncached(7), &"7".into()));
    assert_eq!(of_this_thread::cache_peek(7).as_deref(), Some("7"));
}

struct Store<K: 'static, V: Clone> {
    values: Vec<V>,
    cache: Cache<K, Option<V>>,
    here: Cache<K, Rc<V>, Thread>,
}

impl<K: Clone + Eq + Hash + Into<usize>, V: Clone> Store<K, V> {
    #[memoize(cache = self.cache)]
    fn get(&self, key: K) -> Option<V> {
        ran(self.values.get(key.into()).cloned())
    }
    #[memoize(cache = self.here)]
    fn shared(&self, key: &K) -> Rc<V> {
        ran(Rc::new(self.values[key.clone().into()].clone()))
    }
}

#[test]
fn a_generic_instance_has_a_cache_of_its_own_types() {
    let store: Store<u8, char> = Store {
        values: vec!['a', 'b'],
        cache: Cache::default(),
        here: Cache::builder().build_for_thread(),
    };
    remembered(&store.cache, &mut || store.get(1), &mut || store.get_uncached(1), &Some('b'));
    remembered(&store.cache, &mut || store.get(2), &mut || store.get_uncached(2), &None);
    let shared = &mut || store.shared(&0);
    remembered(&store.here, shared, &mut || store.shared_uncached(&0), &Rc::new('a'));
}

trait Load {
    fn load(&self, n: u32) -> u32;
    fn loaded_by(client: &Self, n: u32) -> u32;
}

#[memoize(cache = self.numbers)]
impl Load for Caches {
    #[memoize]
    fn load(&self, n: u32) -> u32 {
        ran(n)
    }
    #[memoize(cache = client.numbers)]
    fn loaded_by(client: &Self, n: u32) -> u32 {
        ran(n)
    }
}

#[test]
fn a_block_says_which_cache_its_methods_are_given() {
    let caches = Caches::default();
    remembered(&caches.numbers, &mut || caches.load(1), &mut || caches.load_uncached(1), &1);
    runs!(0, Caches::loaded_by(&caches, 1) => 1);
    runs!(1, Caches::loaded_by(&caches, 2) => 2);
}

#[test]
fn entries_die_with_their_instance() {
    #[derive(Default)]
    struct Owner {
        cache: Cache<u32, Arc<u32>>,
    }
    impl Owner {
        #[memoize(cache = self.cache)]
        fn value(&self, n: u32) -> Arc<u32> {
            ran(Arc::new(n))
        }
    }

    let (one, other) = (Owner::default(), Owner::default());
    let values: [Weak<u32>; 2] = [&one, &other].map(|owner| Arc::downgrade(&owner.value(1)));
    runs!(0, one.value(1) => 1);
    drop(one);
    assert!(values[0].upgrade().is_none() && values[1].upgrade().is_some());
    drop(other);
    assert!(values[1].upgrade().is_none());
}

#[test]
fn a_cache_is_a_field_like_any_other() {
    fn is_common<T: Send + Sync + std::fmt::Debug + Default + Clone>() {}

    is_common::<Cache<u32, String>>();
    is_common::<Caches>();
    let client = Arc::new(client(1));
    let names = crate::common::side_by_side(vec![1, 1, 2, 2], |n| client.user(n).expect("a name"));
    assert_eq!(crate::common::all_return(names), ["1 1", "1 1", "1 2", "1 2"]);
    assert_eq!(crate::common::counts(client.users.info()), (2, 2, Some(128), 2));
    assert!(format!("{client:?}").contains("Cache"));
}
