//! `tags`: the calls of a tag are forgotten, in whatever cache they are, stored or under way.

#![expect(clippy::needless_pass_by_value, reason = "a gate is passed once")]

mod common;

use common::gate::{Gate, during};
use common::{Caller, all_return, finishes, panic_of, panic_silently, side_by_side};
use futures::executor::block_on;
use memofn::testing::Clock;
use memofn::{Cache, invalidate_tag, memoize};
use std::borrow::Cow;
use std::cell::Cell;
use std::future::ready;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
use std::sync::{Arc, LazyLock};
use std::thread;
use std::time::Duration;

#[test]
fn a_tag_is_forgotten_in_all_functions_that_have_it() {
    #[memoize(tags = [format!("several:{user}"), "several".into()])]
    fn rights(user: u32, folder: &str) -> usize {
        folder.len() + user as usize
    }
    #[memoize(tags = [format!("several:{id}")])]
    fn name(id: u32) -> String {
        id.to_string()
    }

    (7..=8).for_each(|user| drop((rights(user, "mail"), rights(user, "home"), name(user))));
    assert_eq!(invalidate_tag("several:7"), 3);
    assert_eq!((rights::cache_peek(7, "mail"), name::cache_peek(7)), (None, None));
    assert_eq!((rights::cache_peek(8, "home"), name::cache_peek(8)), (Some(12), Some("8".into())));
    assert_eq!(invalidate_tag("several"), 2, "the others were forgotten before");
    assert_eq!((rights::cache().len(), name::cache().len()), (0, 1));
    assert_eq!(invalidate_tag("no such tag"), 0);
    assert_eq!(name::cache_info().evictions, 0, "it is no eviction");
}

#[test]
fn a_cache_forgets_a_tag_for_itself() {
    #[memoize(tags = [format!("alone:{id}")])]
    fn one(id: u32) -> u32 {
        id
    }
    #[memoize(tags = [format!("alone:{id}")])]
    fn other(id: u32) -> u32 {
        id
    }

    assert_eq!((one(1), other(1)), (1, 1));
    assert_eq!(one::cache().invalidate_tag("alone:1"), 1);
    assert_eq!((one::cache_peek(1), other::cache_peek(1)), (None, Some(1)));
}

#[test]
fn tags_are_made_on_a_miss_alone() {
    static MADE: AtomicU32 = AtomicU32::new(0);

    fn made(id: u32) -> String {
        MADE.fetch_add(1, Relaxed);
        format!("made:{id}")
    }

    #[memoize(tags = [made(id)])]
    fn f(id: u32) -> u32 {
        id
    }
    #[memoize(tags = [made(id)])]
    async fn later(id: u32) -> u32 {
        ready(id).await
    }

    (0..3).for_each(|_| assert_eq!((f(1), block_on(later(1))), (1, 1)));
    assert_eq!(MADE.load(Relaxed), 2, "one for each function");
    assert_eq!((f::cache_peek(1), f::cache_remove(2)), (Some(1), None));
    assert_eq!(MADE.load(Relaxed), 2, "a look needs no tags");
    f::cache_insert(2, 20);
    assert_eq!(f::cache_refresh(1), 1);
    assert_eq!(f::cache_call(3).value, 3);
    assert_eq!(MADE.load(Relaxed), 5);
    assert_eq!((1..=3).map(|id| invalidate_tag(&format!("made:{id}"))).sum::<usize>(), 4);
}

#[test]
fn an_item_is_text_of_any_kind_and_there_may_be_any_number() {
    struct Topic(u32);
    impl From<Topic> for Cow<'static, str> {
        fn from(Topic(number): Topic) -> Self {
            format!("topic {number}").into()
        }
    }
    const KINDS: &str = "kinds";

    #[memoize(tags = ["literal kind", KINDS, name, format!("kind:{name}"), name.to_uppercase(), Topic(7), shared, "into kind".into()])]
    fn mixed(name: &str, shared: Arc<str>) -> usize {
        name.len()
    }
    #[memoize(tags = ids.iter().map(|id| format!("each:{id}")))]
    fn each(ids: &[u32]) -> u32 {
        ids.iter().sum()
    }
    #[memoize(tags = ["into alone".into()])]
    fn alone() -> u32 {
        1
    }
    #[memoize(tags = if id == 0 { vec![] } else { vec!["nonzero"] })]
    fn some(id: u32) -> u32 {
        id
    }

    for tag in
        ["literal kind", KINDS, "oslo kind", "kind:oslo kind", "OSLO KIND", "topic 7", "into kind"]
    {
        assert_eq!(
            (mixed("oslo kind", "shared kind".into()), invalidate_tag(tag)),
            (9, 1),
            "{tag}"
        );
    }
    for tag in ["each:1", "each:2", "each:3"] {
        assert_eq!((each(&[1, 2, 3]), invalidate_tag(tag)), (6, 1), "{tag}");
    }
    assert_eq!((alone(), invalidate_tag("into alone")), (1, 1));
    assert_eq!((some(0), some(1), invalidate_tag("nonzero")), (0, 1, 1));
    assert_eq!(some::cache_peek(0), Some(0));
}

#[test]
fn a_tag_that_is_given_twice_counts_once() {
    #[memoize(tags = ["twice", "twice"])]
    fn f(n: u32) -> u32 {
        n
    }

    f(1);
    assert_eq!((invalidate_tag("twice"), invalidate_tag("twice")), (1, 0));
    assert_eq!((f(1), f::cache_remove(1), invalidate_tag("twice")), (1, Some(1), 0));
}

#[test]
fn a_run_under_way_is_outdated() {
    #[memoize(skip(gate), tags = [format!("way:{n}"), "way".into()])]
    fn f(n: u32, gate: Gate) -> u32 {
        gate.pass();
        n * 10
    }

    finishes("a tag that is forgotten during runs", || {
        assert_eq!(during(|gate| f(1, gate), || assert_eq!(invalidate_tag("way:1"), 1)), 10);
        assert_eq!((f::cache_peek(1), f::cache_info().outdated), (None, 1));
        // The second time there is nothing more to outdate.
        let twice = || assert_eq!((invalidate_tag("way"), invalidate_tag("way:1")), (1, 0));
        assert_eq!(during(|gate| f(1, gate), twice), 10);
        // A run of another tag is stored.
        assert_eq!(during(|gate| f(2, gate), || assert_eq!(invalidate_tag("way:1"), 0)), 20);
        assert_eq!((f::cache_peek(2), f::cache_info().outdated), (Some(20), 2));
        // A stored value goes, and the run that renews it is not stored.
        let renewed = || assert_eq!(invalidate_tag("way:2"), 2);
        assert_eq!(during(|gate| f::cache_refresh(2, gate), renewed), 20);
        assert_eq!((f::cache_peek(2), f::cache_info().outdated), (None, 3));
    });
}

#[test]
fn a_run_of_an_async_function_is_outdated() {
    #[memoize(skip(meanwhile), tags = [format!("later:{n}")])]
    async fn f(n: u32, meanwhile: fn()) -> u32 {
        ready(()).await;
        meanwhile();
        n
    }

    let forget = || assert_eq!(invalidate_tag("later:1") + invalidate_tag("later:3"), 1);
    assert_eq!(block_on(f(1, forget)), 1);
    assert_eq!((f::cache_peek(1), f::cache_info().outdated), (None, 1));
    assert_eq!(block_on(f::cache_call(3, forget)).value, 3);
    assert_eq!((f::cache_peek(3), f::cache_info().outdated), (None, 2));
    assert_eq!(block_on(f(2, || assert_eq!(invalidate_tag("later:1"), 0))), 2);
    assert_eq!(f::cache_peek(2), Some(2));
}

#[test]
fn the_future_of_a_function_with_tags_can_be_sent() {
    #[memoize(tags = [format!("sent:{id}"), name])]
    async fn f(id: u32, name: &str) -> usize {
        ready(id as usize + name.len()).await
    }
    #[memoize(cache = cache, tags = [format!("sent:{id}")])]
    async fn given(id: u32, cache: &Cache<u32, u32>) -> u32 {
        ready(id + u32::from(cache.is_empty())).await
    }

    fn sent<T: Send>(future: T) -> T {
        future
    }

    let cache = Cache::new(8);
    assert_eq!((block_on(sent(f(1, "sent name"))), block_on(sent(given(1, &cache)))), (10, 2));
    assert_eq!(block_on(sent(f::cache_refresh(1, "sent name"))), 10);
    assert_eq!((invalidate_tag("sent:1"), invalidate_tag("sent name")), (2, 0));
}

#[test]
fn a_run_that_nobody_joins_is_outdated_as_well() {
    #[memoize(skip(gate), single_flight = false, tags = ["unjoined"])]
    fn f(n: u32, gate: Gate) -> u32 {
        gate.pass();
        n
    }

    finishes("a tag that is forgotten during two runs of one key", || {
        let inner = || assert_eq!(invalidate_tag("unjoined"), 2);
        during(
            |gate| f(1, gate),
            || {
                during(|gate| f(1, gate), inner);
            },
        );
        assert_eq!((f::cache_peek(1), f::cache_info().outdated), (None, 2));
    });
}

#[test]
fn waiters_of_an_outdated_run_get_its_result() {
    #[memoize(tags = ["waiters"])]
    fn f(caller: &Caller) -> u32 {
        if caller.leads() {
            caller.await_followers(8);
            assert_eq!(invalidate_tag("waiters"), 1);
        }
        caller.key * 10
    }

    finishes("a tag that is forgotten during a run that eight wait for", || {
        // Callers that came too late to wait start a new run. Then the round is repeated.
        let all_waited = (0..100).any(|round| {
            f::cache_clear();
            let calls = side_by_side(Caller::several(round, 9), |caller| f(&caller));
            assert_eq!(all_return(calls), [round * 10; 9]);
            let info = f::cache_info();
            assert_eq!(
                (info.outdated, info.currsize),
                (1, usize::from(info.misses > 1)),
                "{info:?}"
            );
            info.coalesced == 8
        });
        assert!(all_waited, "no round in which eight callers waited");
    });
}

#[test]
fn a_call_after_the_invalidation_does_not_join_a_run_from_before_it() {
    #[memoize(skip(answer, gate), tags = [format!("join:{n}")])]
    fn f(n: u32, answer: u32, gate: Option<Gate>) -> u32 {
        gate.inspect(Gate::pass);
        n * answer
    }

    finishes("a call during an outdated run", || {
        let meanwhile = || {
            assert_eq!(invalidate_tag("join:7"), 1);
            assert_eq!(f(7, 10, None), 70, "computed anew, without waiting");
        };
        assert_eq!(during(|gate| f(7, 1, Some(gate)), meanwhile), 7);
        assert_eq!(f::cache_peek(7), Some(70), "the old result did not replace the new one");
        assert_eq!(invalidate_tag("join:7"), 1);
    });
}

#[test]
fn an_inserted_value_has_the_tags_of_its_call() {
    #[memoize(skip(db), tags = [format!("{db}:{id}")])]
    fn row(id: u32, db: &str) -> usize {
        db.len() + id as usize
    }

    // The controls that look take no skipped arguments. `cache_insert` takes those of the tags.
    row::cache_insert(1, "inserted", 10);
    assert_eq!(row::cache_peek(1), Some(10));
    assert_eq!(invalidate_tag("inserted:1"), 1);
    assert_eq!(row::cache_peek(1), None);
    // The entry that replaces another has its own tags.
    row::cache_insert(1, "first", 10);
    row::cache_insert(1, "second", 20);
    assert_eq!(invalidate_tag("first:1"), 0);
    assert_eq!(row::cache_refresh(1, "third"), 6);
    assert_eq!((invalidate_tag("second:1"), invalidate_tag("third:1")), (0, 1));
}

#[test]
fn tags_go_with_keys_conditions_and_times_to_live() {
    struct User {
        id: u32,
        team: &'static str,
    }

    #[memoize(key = user.id, tags = [user.team], cache_if = |n| *n != 13, ttl = "1m")]
    fn f(user: &User) -> u32 {
        user.id
    }

    let clock = Clock::stop();
    let user = |id| User { id, team: "red team" };
    (12..=14).for_each(|id| assert_eq!(f(&user(id)), id));
    assert_eq!(f::cache().len(), 2, "what is not stored has no tags");
    assert_eq!(invalidate_tag("red team"), 2);
    assert_eq!(f(&user(12)), 12);
    clock.advance(Duration::from_secs(60));
    assert_eq!(invalidate_tag("red team"), 0, "it was outdated before");
    assert_eq!(f::cache_info().expirations, 1);
    f::cache_insert(&user(1), 1);
    assert_eq!(invalidate_tag("red team"), 1);
}

#[test]
fn arguments_in_patterns_and_by_value_can_be_tags() {
    #[memoize(tags = [format!("pattern:{x}"), name.clone()])]
    fn f((x, _): (u32, u32), name: String) -> String {
        name + "!"
    }
    #[memoize(key = y, tags = [format!("pattern:{x}")])]
    fn g((x, y): (u32, u32)) -> u32 {
        x + y
    }

    assert_eq!((f((1, 2), "owned tag".into()), g((1, 2))), ("owned tag!".into(), 3));
    assert_eq!(invalidate_tag("pattern:1"), 2);
    assert_eq!(f((1, 2), "owned tag".into()), "owned tag!");
    assert_eq!(invalidate_tag("owned tag"), 1);
    f::cache_insert((1, 2), "owned tag".into(), "other".into());
    g::cache_insert((1, 2), 9);
    assert_eq!(invalidate_tag("pattern:1"), 2);
}

#[test]
fn tags_borrow_what_the_key_borrows_and_the_body_takes() {
    #[memoize(key = name.trim().len(), tags = [name])]
    fn by_value(name: String) -> String {
        name + "!"
    }
    #[memoize(key = name.to_lowercase().trim(), tags = [name.trim(), "borrowing"])]
    fn by_temporaries(name: String) -> String {
        name + "!"
    }
    #[memoize(key = name.as_str(), tags = [name.as_str(), "borrowing"])]
    async fn later(name: String, n: u32) -> String {
        ready(name + &n.to_string()).await
    }

    let name = || "key and tag".to_owned();
    assert_eq!(
        (by_value(name()), by_temporaries(name())),
        ("key and tag!".into(), "key and tag!".into())
    );
    assert_eq!(block_on(later(name(), 1)), "key and tag1");
    assert_eq!(
        (by_value(name()), block_on(later(name(), 2))),
        ("key and tag!".into(), "key and tag1".into())
    );
    assert_eq!((invalidate_tag("key and tag"), invalidate_tag("borrowing")), (3, 0));
    assert_eq!(block_on(later(name(), 2)), "key and tag2");
    by_value::cache_insert(name(), "inserted".into());
    assert_eq!(
        (by_value(name()), by_value::cache_refresh(name())),
        ("inserted".into(), "key and tag!".into())
    );
    assert_eq!(invalidate_tag("key and tag"), 2);
}

#[test]
fn methods_have_tags() {
    #[derive(Clone, PartialEq, Eq, Hash)]
    struct Shop(u32);

    #[memoize(tags = ["all shops"])]
    impl Shop {
        #[memoize(tags = [format!("shop:{}", self.0), format!("article:{article}")])]
        fn price(&self, article: &str) -> usize {
            self.0 as usize + article.len()
        }

        #[memoize(skip(self, log), tags = [format!("shop:{}", self.0)])]
        fn note(&mut self, log: &mut Vec<u32>) -> u32 {
            log.push(self.0);
            self.0 += 1;
            self.0
        }

        #[memoize]
        async fn later(&self) -> u32 {
            ready(self.0).await
        }

        #[memoize]
        fn of_none() -> u32 {
            0
        }
    }

    assert_eq!((Shop(3).price("pear"), Shop(4).price("pear"), Shop(4).price("fig")), (7, 8, 7));
    assert_eq!(invalidate_tag("shop:3"), 1);
    assert_eq!(invalidate_tag("article:pear"), 1);
    assert_eq!(Shop::price_cache().len(), 1);
    let mut log = vec![];
    assert_eq!((Shop(4).note(&mut log), Shop(4).note(&mut log)), (5, 5));
    assert_eq!((invalidate_tag("shop:4"), log), (2, vec![4]));
    assert_eq!((block_on(Shop(5).later()), Shop::of_none()), (5, 0));
    assert_eq!(invalidate_tag("all shops"), 2);
    assert_eq!(Shop(4).price_call("fig").value, 7);
    assert_eq!((Shop(4).price_remove("fig"), invalidate_tag("shop:4")), (Some(7), 0));
}

#[test]
fn the_methods_of_a_trait_have_tags() {
    trait Load {
        fn load(&self, id: u32) -> u32;
    }
    #[derive(Clone, PartialEq, Eq, Hash)]
    struct Disk(u32);

    #[memoize]
    impl Load for Disk {
        #[memoize(tags = [format!("disk:{}:{id}", self.0)])]
        fn load(&self, id: u32) -> u32 {
            self.0 + id
        }
    }

    assert_eq!(
        (Disk(1).load(2), invalidate_tag("disk:1:2"), invalidate_tag("disk:1:2")),
        (3, 1, 0)
    );
}

#[test]
fn generic_functions_have_tags_in_each_instantiation() {
    #[memoize(tags = [format!("generic:{}", size_of::<T>()), format!("generic text:{value}")])]
    fn f<T: std::fmt::Display + std::hash::Hash + Eq + Clone + Send + Sync + 'static>(
        value: T,
    ) -> String {
        value.to_string()
    }
    #[memoize(skip(shown), tags = [format!("generic skipped:{shown}")])]
    fn g<T: std::fmt::Display>(n: u32, shown: T) -> String {
        format!("{n} {shown}")
    }

    assert_eq!((f(1_u8), f(1_u16), f("1")), ("1".into(), "1".into(), "1".into()));
    assert_eq!(invalidate_tag("generic:2"), 1);
    assert_eq!(invalidate_tag("generic text:1"), 2);
    assert_eq!(g(1, 2.5), "1 2.5");
    g::cache_insert(2, "x", "other".into());
    assert_eq!(
        (invalidate_tag("generic skipped:2.5"), invalidate_tag("generic skipped:x")),
        (1, 1)
    );
}

#[test]
fn a_given_cache_is_found_with_a_name_and_without() {
    static NAMED: LazyLock<Cache<u32, u32>> =
        LazyLock::new(|| Cache::builder().name("tags").build());

    struct Client {
        users: Cache<u32, u32>,
    }

    impl Client {
        #[memoize(cache = self.users, tags = [format!("given:{id}")])]
        fn user(&self, id: u32) -> u32 {
            id
        }

        #[memoize(cache = self.users, tags = [format!("given:{id}")])]
        async fn later(&self, id: u32) -> u32 {
            ready(id).await
        }

        #[memoize(cache = self.users, tags = [format!("given:{id}")])]
        fn last(self, id: u32) -> u32 {
            id
        }
    }

    #[memoize(cache = NAMED, tags = [format!("given:{id}")])]
    fn named(id: u32) -> u32 {
        id
    }
    #[memoize(cache = client.users, tags = [format!("given:{id}")])]
    fn of_client(id: u32, client: &Client) -> u32 {
        if client.users.is_empty() { id } else { id + 8 }
    }

    let clients: Vec<_> = (0..2).map(|_| Client { users: Cache::new(8) }).collect();
    assert_eq!((clients[0].user(1), block_on(clients[1].later(1)), named(1)), (1, 1, 1));
    assert_eq!(invalidate_tag("given:1"), 3);
    assert!(clients.iter().all(|client| client.users.is_empty()) && NAMED.is_empty());
    of_client::cache_insert(2, &clients[0], 20);
    assert_eq!((clients[0].user(2), of_client(3, &clients[0])), (20, 11));
    assert_eq!((invalidate_tag("given:2"), invalidate_tag("given:3")), (1, 1));
    named::cache_refresh(4);
    assert_eq!((named::cache_call(5).value, invalidate_tag("given:4")), (5, 1));
    let shown = memofn::caches().filter(|it| it.parameters.maxsize == Some(8)).count();
    assert_eq!(shown, 0, "a cache without a name is not listed");
    let users = clients.into_iter().map(|client| {
        let users = client.users.clone();
        assert_eq!(client.last(6), 6);
        users
    });
    let users: Vec<_> = users.collect();
    assert_eq!(invalidate_tag("given:6"), 2);
    assert!(users.iter().all(Cache::is_empty));
}

#[test]
fn a_cache_with_tags_is_dropped_as_any_other() {
    let value = Arc::new(());
    let cache = Cache::new(8);
    cache.insert_tagged(1, Arc::clone(&value), ["dropped"]);
    drop(cache);
    // A test that goes through all caches may own it for a moment.
    finishes("the drop of a cache", move || {
        while Arc::strong_count(&value) > 1 {
            thread::yield_now();
        }
    });
    assert_eq!(invalidate_tag("dropped"), 0);
}

#[test]
fn an_entry_made_by_hand_has_tags() {
    let cache = Cache::new(8);
    cache.insert_tagged(1, "one", ["hand".to_owned(), format!("hand:{}", 1)]);
    cache.insert_tagged(2, "two", ["hand"]);
    cache.insert_tagged(3, "three", [Cow::Borrowed("hand:3"); 0]);
    cache.insert(4, "four");
    assert_eq!((cache.invalidate_tag("hand:1"), invalidate_tag("hand")), (1, 1));
    assert_eq!(cache.len(), 2);
    // What replaces it has no tags.
    cache.insert_tagged(5, "five", ["hand"]);
    cache.insert(5, "six");
    assert_eq!((invalidate_tag("hand"), cache.peek(&5)), (0, Some("six")));
}

#[test]
fn a_panic_in_tags_passes_through_and_nothing_is_stored() {
    thread_local!(static PANICS: Cell<bool> = const { Cell::new(true) });

    fn tag() -> String {
        if PANICS.get() { panic_silently("no tag") } else { "panicking tag".to_owned() }
    }

    #[memoize(tags = [tag()])]
    fn f(n: u32) -> u32 {
        n
    }
    #[memoize(tags = [tag()])]
    async fn later(n: u32) -> u32 {
        ready(n).await
    }

    assert_eq!(panic_of(|| f(1)), "no tag");
    assert_eq!(panic_of(|| block_on(later(1))), "no tag");
    assert_eq!(panic_of(|| f::cache_insert(1, 1)), "no tag");
    assert_eq!(panic_of(|| f::cache_refresh(1)), "no tag");
    assert_eq!((f::cache().len(), later::cache().len()), (0, 0));
    PANICS.set(false);
    assert_eq!((f(1), block_on(later(1)), invalidate_tag("panicking tag")), (1, 1, 2));
}

#[test]
fn tags_may_call_the_function_and_forget_a_tag() {
    #[memoize(tags = [format!("inner:{}", if n == 0 { 0 } else { f(n - 1) }), format!("outer:{}", invalidate_tag("inner:0"))])]
    fn f(n: u32) -> u32 {
        n
    }

    finishes("tags that call their own function", || {
        assert_eq!(f(2), 2);
        // Each call has forgotten the inner call before it with that tag.
        assert_eq!((f::cache_peek(0), f::cache_peek(1), f::cache_peek(2)), (None, None, Some(2)));
        assert_eq!(invalidate_tag("inner:1"), 1);
    });
}

/// A value whose drop calls the function again, and panics if it is told to.
#[derive(Clone)]
struct Dropped(u32);

static DROPPED: AtomicU32 = AtomicU32::new(0);

impl Drop for Dropped {
    fn drop(&mut self) {
        if self.0 >= 1_000 {
            DROPPED.fetch_add(1, Relaxed);
            assert_eq!(dropped(1).0, 1);
            if self.0 == 1_001 {
                panic_silently("a drop");
            }
        }
    }
}

#[memoize(maxsize = unbounded, tags = [if n < 1_000 { "kept" } else { "many drops" }])]
fn dropped(n: u32) -> Arc<Dropped> {
    Arc::new(Dropped(n))
}

#[test]
fn values_are_dropped_without_the_lock_and_a_panic_leaves_nothing_behind() {
    const MANY: u32 = 100_000;

    let after: Cache<u32, u32> = Cache::new(8);

    finishes("a drop that calls the function", move || {
        (1_000..1_000 + MANY).for_each(|n| drop(dropped(n)));
        after.insert_tagged(1, 1, ["many drops"]);
        let failure = catch_unwind(AssertUnwindSafe(|| invalidate_tag("many drops")));
        let failure = failure.expect_err("a drop panics");
        assert_eq!(failure.downcast_ref(), Some(&"a drop"));
        assert_eq!(DROPPED.load(Relaxed), MANY, "all are dropped");
        assert_eq!(dropped::cache().len(), 1);
        assert!(after.is_empty(), "the caches that follow have forgotten the tag as well");
        assert_eq!(invalidate_tag("many drops"), 0);
    });
}
