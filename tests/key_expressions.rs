//! `key = ..`: an expression over the arguments is the key of a call.

#![expect(clippy::trivially_copy_pass_by_ref, reason = "a user stands for something larger")]
#![allow(
    clippy::cast_precision_loss,
    clippy::float_cmp,
    clippy::needless_borrows_for_generic_args,
    clippy::needless_pass_by_value,
    clippy::unnecessary_to_owned,
    clippy::unused_async,
    reason = "arguments and functions of every kind"
)]

mod common;

use common::counts;
use futures::executor::block_on;
use memofn::{Cache, memoize};

#[derive(Debug, Clone, Copy)]
struct User {
    id: u32,
    visits: u32,
}

#[test]
fn only_arguments_in_the_expression_are_keyed() {
    #[memoize(key = user.id)]
    fn greeting(user: &User, log: &mut Vec<u32>) -> String {
        log.push(user.visits);
        format!("user {}", user.id)
    }

    let mut log = Vec::new();
    assert_eq!(greeting(&User { id: 1, visits: 1 }, &mut log), "user 1");
    assert_eq!(greeting(&User { id: 1, visits: 2 }, &mut log), "user 1");
    assert_eq!(greeting(&User { id: 2, visits: 3 }, &mut log), "user 2");
    assert_eq!(log, [1, 3]);
    assert_eq!(counts(greeting::cache_info()), (1, 2, Some(128), 2));
}

#[test]
fn the_controls_take_the_arguments_in_the_expression() {
    #[memoize(key = (user.id, scale))]
    fn scaled(user: &User, scale: u32, _note: &str) -> u32 {
        user.id * scale
    }

    let user = User { id: 2, visits: 1 };
    assert_eq!(scaled(&user, 10, "computed"), 20);
    let again = User { id: 2, visits: 9 };
    assert_eq!(scaled::cache_peek(&again, 10), Some(20));
    assert_eq!(scaled::cache_peek(&again, 11), None);
    scaled::cache_insert(&again, 11, 99);
    assert_eq!(scaled(&user, 11, "stored"), 99);
    assert_eq!(scaled::cache_refresh(&user, 11, "run again"), 22);
    assert_eq!(scaled(&user, 11, "stored"), 22);
    assert_eq!(scaled::cache_remove(&again, 10), Some(20));
    assert_eq!(scaled::cache_remove(&again, 10), None);
    assert_eq!(scaled::uncached(&user, 10, "the body"), 20);
    assert_eq!(scaled::cache().len(), 1);
    assert_eq!(scaled::cache_parameters().maxsize, Some(128));
    scaled::cache_clear();
    assert_eq!(counts(scaled::cache_info()), (0, 0, Some(128), 0));
}

#[test]
fn destructured_arguments_can_be_used() {
    #[memoize(key = a + b)]
    fn sum((a, b): (u32, u32), _c: u32) -> u32 {
        a + b
    }
    #[memoize(key = id)]
    fn id(User { id, visits: _ }: User) -> u32 {
        id
    }
    #[memoize(key = first)]
    fn head([first, ..]: [u32; 2], mut second: u32) -> u32 {
        second += first;
        second
    }

    assert_eq!((sum((1, 4), 0), sum((2, 3), 1), sum((2, 4), 0)), (5, 5, 6));
    assert_eq!(counts(sum::cache_info()), (1, 2, Some(128), 2));
    assert_eq!((id(User { id: 1, visits: 1 }), id(User { id: 1, visits: 2 })), (1, 1));
    assert_eq!(counts(id::cache_info()), (1, 1, Some(128), 1));
    assert_eq!((head([1, 0], 10), head([1, 1], 20), head([2, 0], 10)), (11, 11, 12));
    assert_eq!(counts(head::cache_info()), (1, 2, Some(128), 2));
    assert_eq!(sum::cache_peek((0, 5)), Some(5));
}

#[test]
fn a_pattern_in_the_key_is_not_cloned() {
    struct Path<T>(T);
    struct Query {
        text: String,
        page: (u8, Vec<u8>),
    }
    struct Rows {
        found: Cache<u64, u64>,
    }

    #[memoize(key = id)]
    fn user(Path(id): Path<u64>) -> u64 {
        id
    }
    #[memoize(key = (text, page.0))]
    async fn search(Query { text, page }: Query) -> usize {
        text.len() + page.1.len()
    }
    impl Rows {
        #[memoize(cache = self.found, key = id)]
        fn row(&self, Path(id): Path<u64>) -> u64 {
            id
        }
    }

    let query = || Query { text: "all".to_owned(), page: (1, vec![2]) };
    assert_eq!((user(Path(7)), user(Path(7)), user(Path(8))), (7, 7, 8));
    assert_eq!(counts(user::cache_info()), (1, 2, Some(128), 2));
    assert_eq!((block_on(search(query())), block_on(search(query()))), (4, 4));
    assert_eq!(counts(search::cache_info()), (1, 1, Some(128), 1));
    let rows = Rows { found: Cache::new(9) };
    assert_eq!((rows.row(Path(7)), rows.row(Path(7))), (7, 7));
    assert_eq!(counts(rows.found.info()), (1, 1, Some(9), 1));
    assert_eq!(user::cache_remove(Path(7)), Some(7));
}

#[test]
fn names_inside_a_format_string_count() {
    #[memoize(key = format!("{city}/{days:02}"))]
    fn forecast(city: &str, days: u32, _verbose: bool) -> String {
        format!("{city} {days}")
    }

    assert_eq!(forecast("Oslo", 1, true), "Oslo 1");
    assert_eq!(forecast("Oslo", 1, false), "Oslo 1");
    assert_eq!(forecast("Oslo", 2, false), "Oslo 2");
    assert_eq!(counts(forecast::cache_info()), (1, 2, Some(128), 2));
    assert_eq!(forecast::cache_peek("Oslo", 2).as_deref(), Some("Oslo 2"));
}

#[test]
fn an_expression_serves_each_thread_too() {
    #[memoize(key = text.len(), scope = "thread")]
    fn first_of_its_length(text: &str) -> String {
        text.to_owned()
    }

    assert_eq!(first_of_its_length("abc"), "abc");
    assert_eq!(first_of_its_length("xyz"), "abc");
    assert_eq!(first_of_its_length::cache_remove("123").as_deref(), Some("abc"));
    assert_eq!(first_of_its_length("xyz"), "xyz");
    first_of_its_length::cache_insert("12", "ab".to_owned());
    assert_eq!(first_of_its_length::cache_peek("xx").as_deref(), Some("ab"));
    assert_eq!(first_of_its_length::cache().len(), 2);
    assert_eq!(first_of_its_length::cache_refresh("xx"), "xx");
    first_of_its_length::cache_clear();
    assert_eq!(counts(first_of_its_length::cache_info()), (0, 0, Some(128), 0));
}

#[test]
fn raw_names_and_widths_inside_a_format_string_count() {
    #[memoize(key = format!("{type}"))]
    fn raw(r#type: &str) -> usize {
        r#type.len()
    }
    #[memoize(key = format!("{x:>width$}"))]
    fn padded(x: usize, width: usize) -> usize {
        width + x
    }

    assert_eq!((raw("a"), raw("a"), raw("bc")), (1, 1, 2));
    assert_eq!((padded(1, 2), padded(1, 3), padded(1, 3)), (3, 4, 4));
    assert_eq!(raw::cache_info().misses + padded::cache_info().misses, 4);
}

#[test]
fn a_key_of_a_thread_needs_no_send() {
    use std::rc::Rc;

    #[memoize(key = Rc::<str>::from(text), scope = "thread")]
    fn length(text: &str) -> usize {
        text.len()
    }

    assert_eq!((length("four"), length("four")), (4, 4));
    assert_eq!((length::cache_info().hits, length::cache().len()), (1, 1));
}

/// Types and parameters that share a name, where a macro hides from the attribute which of them is meant.
mod hidden {
    use super::*;
    use std::fmt::Debug;
    use std::hash::Hash;

    trait Numbering {
        type Number: Hash + Eq + Clone + Send + Sync + Debug + 'static;
        fn number(n: u64) -> Self::Number;
    }

    struct T;

    impl Numbering for T {
        type Number = [u64; 3];
        fn number(n: u64) -> [u64; 3] {
            [n, n, n]
        }
    }

    struct Text;

    impl Numbering for Text {
        type Number = String;
        fn number(n: u64) -> String {
            n.to_string()
        }
    }

    macro_rules! hidden {
        () => {
            <T as Numbering>::Number
        };
    }

    #[test]
    fn results_of_types_that_a_macro_hides_are_told_apart() {
        #[memoize(skip(_by))]
        fn numbered<T: Numbering>(n: u64, _by: T) -> hidden!() {
            T::number(n)
        }

        for _ in 0..2 {
            assert_eq!(numbered(1, T), [1, 1, 1]);
            assert_eq!(numbered(1, Text), "1");
        }
        assert_eq!(counts(numbered::<T>::cache_info()), (1, 1, Some(128), 1));
        assert_eq!(counts(numbered::<Text>::cache_info()), (1, 1, Some(128), 1));
        assert_eq!(numbered::<Text>::cache_remove(1).as_deref(), Some("1"));
    }

    #[test]
    fn a_type_parameter_may_have_a_raw_name() {
        #[memoize(key = <T as Numbering>::number(n))]
        fn numbered<r#T: Numbering + 'static>(n: u64, _by: r#T) -> u64 {
            n
        }

        assert_eq!((numbered(1, T), numbered(1, Text), numbered(1, T)), (1, 1, 1));
        assert_eq!(numbered::<T>::cache_info().hits, 1);
        assert_eq!(numbered::<Text>::cache_info().misses, 1);
    }
}

/// Keys that borrow: looked up as they are, and owned on a miss.
mod borrowed {
    use super::*;
    use memofn::Cache;
    use std::borrow::Cow;
    use std::path::{Path, PathBuf};
    use std::sync::Arc;

    #[derive(Debug, Clone, PartialEq, Eq, Hash)]
    struct Name(String);

    #[derive(Debug, Clone)]
    struct Account {
        id: u64,
        name: String,
        title: Option<String>,
        tags: Vec<Name>,
        host: Arc<str>,
        owner: Name,
    }

    impl Account {
        fn name(&self) -> &Name {
            &self.owner
        }
        fn both(&self) -> (u64, &str) {
            (self.id, &self.name)
        }
        fn shown(&self) -> String {
            format!(" {} ", self.name)
        }
        fn names(&self) -> Vec<&str> {
            vec![&self.name, &self.host]
        }
        fn by_value(self) -> String {
            self.name
        }
    }

    impl Account {
        #[memoize(key = self.name.as_str())]
        fn alone(&self) -> usize {
            self.name.len()
        }
        #[memoize(key = (self.owner, with))]
        fn with(&self, with: &str) -> String {
            format!("{} {with}", self.owner.0)
        }
    }

    impl Name {
        #[memoize(key = self)]
        fn length(&self) -> usize {
            self.0.len()
        }
    }

    #[memoize]
    impl Account {
        #[memoize(key = (text, &self.tags[..]))]
        fn of_block(&self, text: &str) -> usize {
            text.len() + self.tags.len()
        }
        #[memoize(key = text.trim())]
        fn associated(text: &str) -> usize {
            text.trim().len()
        }
    }

    trait Named {
        fn named(&self, by: &str) -> usize;
    }

    #[memoize]
    impl Named for Account {
        #[memoize(key = (self.title.as_deref(), by))]
        fn named(&self, by: &str) -> usize {
            by.len()
        }
    }

    fn account() -> Account {
        Account {
            id: 7,
            name: "Ada".to_owned(),
            title: Some("Dr".to_owned()),
            tags: vec![Name("a".to_owned()), Name("b".to_owned())],
            host: "example.org".into(),
            owner: Name("o".to_owned()),
        }
    }

    /// Calls a function twice with equal arguments: one run.
    macro_rules! once {
        ($name:ident($($arg:expr),*) => $result:expr) => {{
            assert_eq!($name($($arg),*), $result);
            assert_eq!($name($($arg),*), $result);
            assert_eq!(counts($name::cache_info()), (1, 1, Some(128), 1));
            assert_eq!($name::cache_peek($($arg),*), Some($result));
            assert_eq!($name::cache_remove($($arg),*), Some($result));
            assert_eq!($name::cache_peek($($arg),*), None);
            $name::cache_insert($($arg,)* $result);
            assert_eq!($name::cache_refresh($($arg),*), $result);
            assert_eq!($name::cache().len(), 1);
        }};
    }

    #[test]
    fn an_argument_is_owned_on_a_miss() {
        #[memoize(key = url)]
        fn page(url: &str) -> usize {
            url.len()
        }
        #[memoize(key = (id, url))]
        fn page_of(id: u64, url: &str) -> u64 {
            id + url.len() as u64
        }
        #[memoize(key = (id, (url, at)))]
        fn nested(id: u64, url: Option<&str>, at: (f64, &[&str])) -> f64 {
            at.0 + id as f64 + url.map_or(0, str::len) as f64
        }
        #[memoize(key = name)]
        fn owned(name: String) -> usize {
            name.len()
        }
        #[memoize(key = (b, a))]
        fn swapped(a: Vec<u8>, b: Name) -> usize {
            a.len() + b.0.len()
        }
        #[memoize(key = path, scope = "thread")]
        fn of_thread(path: &Path) -> PathBuf {
            path.to_owned()
        }

        once!(page("/") => 1);
        once!(page_of(1, "/") => 2);
        once!(nested(1, Some("/"), (0.5, &["a"])) => 2.5);
        once!(owned("Ada".to_owned()) => 3);
        once!(swapped(vec![1, 2], Name("n".to_owned())) => 3);
        once!(of_thread(Path::new("/etc")) => PathBuf::from("/etc"));
        let _: &Cache<String, usize> = page::cache();
        let _: &Cache<(u64, String), u64> = page_of::cache();
        let _: &Cache<String, usize> = owned::cache();
    }

    #[test]
    fn a_field_or_an_element_is_looked_up_by_reference() {
        #[memoize(key = account.name)]
        fn by_field(account: &Account) -> usize {
            account.name.len()
        }
        #[memoize(key = account.name)]
        fn by_field_of_a_value(account: Account) -> usize {
            account.name.len()
        }
        #[memoize(key = (account.id, account.title, account.host))]
        fn by_fields(account: &Account) -> u64 {
            account.id
        }
        #[memoize(key = (account.owner, account.tags[0]))]
        fn by_user_types(account: &Account) -> String {
            account.owner.0.clone()
        }
        #[memoize(key = &account.tags[1..])]
        fn by_slice(account: &Account) -> usize {
            account.tags.len()
        }
        #[memoize(key = account.tags[1..])]
        fn by_slice_itself(account: &Account) -> usize {
            account.tags.len()
        }
        #[memoize(key = &account.owner, scope = "thread")]
        fn by_reference(account: &Account) -> u64 {
            account.id
        }
        #[memoize(key = *text)]
        fn by_target(text: &&str) -> usize {
            text.len()
        }

        let account = account();
        once!(by_field(&account) => 3);
        once!(by_field_of_a_value(account.clone()) => 3);
        once!(by_fields(&account) => 7);
        once!(by_user_types(&account) => "o".to_owned());
        once!(by_slice(&account) => 2);
        once!(by_slice_itself(&account) => 2);
        once!(by_reference(&account) => 7);
        once!(by_target(&"abc") => 3);
    }

    #[test]
    fn a_method_may_return_a_borrow() {
        #[memoize(key = account.name.as_str())]
        fn by_str(account: &Account) -> usize {
            account.name.len()
        }
        #[memoize(key = account.name.as_str())]
        fn by_str_of_a_value(account: Account) -> usize {
            account.name.len()
        }
        #[memoize(key = account.name.as_str())]
        fn by_str_of_an_exclusive_reference(account: &mut Account) -> usize {
            account.name.len()
        }
        #[memoize(key = (account.id, account.title.as_deref()))]
        fn by_option(account: &Account) -> u64 {
            account.id
        }
        #[memoize(key = account.name())]
        fn by_user_type(account: &Account) -> u64 {
            account.id
        }
        #[memoize(key = account.both())]
        fn by_tuple(account: &Account) -> u64 {
            account.id
        }
        #[memoize(key = account.tags.first())]
        fn by_first(account: &Account) -> u64 {
            account.id
        }
        #[memoize(key = account.shown().trim())]
        fn by_temporary(account: &Account) -> u64 {
            account.id
        }
        #[memoize(key = account.names())]
        fn by_vec(account: &Account) -> u64 {
            account.id
        }
        #[memoize(key = String::from_utf8_lossy(bytes))]
        fn by_cow(bytes: &[u8]) -> usize {
            bytes.len()
        }
        #[memoize(key = Path::new(text))]
        fn by_path(text: &str) -> usize {
            text.len()
        }
        #[memoize(key = account.clone().by_value())]
        fn by_owned(account: &Account) -> u64 {
            account.id
        }
        #[memoize(key = text.trim(), scope = "thread")]
        fn by_trimmed(text: &str) -> String {
            text.trim().to_owned()
        }

        let account = account();
        once!(by_str(&account) => 3);
        once!(by_str_of_a_value(account.clone()) => 3);
        once!(by_str_of_an_exclusive_reference(&mut account.clone()) => 3);
        once!(by_option(&account) => 7);
        once!(by_user_type(&account) => 7);
        once!(by_tuple(&account) => 7);
        once!(by_first(&account) => 7);
        once!(by_temporary(&account) => 7);
        once!(by_vec(&account) => 7);
        once!(by_cow(b"abc") => 3);
        once!(by_path("/etc") => 4);
        once!(by_owned(&account) => 7);
        once!(by_trimmed(" a ") => "a".to_owned());
        assert_eq!(by_trimmed("a  "), "a");
        assert_eq!(by_path("/etc/"), 4);
    }

    #[test]
    fn a_part_of_a_pattern_may_borrow() {
        #[memoize(key = url)]
        fn page((_, url): (u32, &str)) -> usize {
            url.len()
        }
        #[memoize(key = (id, name.as_str()))]
        fn named(Account { id, name, .. }: Account) -> u64 {
            id + name.len() as u64
        }

        once!(page((1, "/")) => 1);
        once!(named(account()) => 10);
    }

    #[test]
    fn a_generic_argument_may_be_borrowed() {
        #[memoize(key = (item, id))]
        fn shown<T: std::hash::Hash + Eq + Clone + Debug + Send + Sync + 'static>(
            item: &T,
            id: &str,
        ) -> String {
            format!("{item:?} {id}")
        }
        #[memoize(key = items.first())]
        fn first<T: std::hash::Hash + Eq + Clone + Debug + Send + Sync + 'static>(
            items: &[T],
        ) -> Option<T> {
            items.first().cloned()
        }
        #[memoize(key = text.as_ref())]
        fn length(text: impl AsRef<str>) -> usize {
            text.as_ref().len()
        }
        #[memoize(key = (path.as_ref(), depth))]
        fn components<P>(path: P, depth: usize) -> usize
        where
            P: AsRef<Path>,
        {
            path.as_ref().components().count().min(depth)
        }
        #[memoize(key = (path.as_ref().to_owned(), depth))]
        fn owned(path: impl AsRef<Path>, depth: usize) -> usize {
            path.as_ref().components().count().min(depth)
        }
        #[memoize(key = items.len(), scope = "thread")]
        fn count(items: &impl ExactSizeIterator) -> usize {
            items.len()
        }
        #[memoize(key = name.to_string())]
        fn greeting(name: impl std::fmt::Display) -> String {
            format!("Hi {name}")
        }

        use std::fmt::Debug;
        for _ in 0..2 {
            assert_eq!(shown(&1, "a"), "1 a");
            assert_eq!(first(&["a"]), Some("a"));
            // One cache for all types.
            assert_eq!((length("abc"), length("abc".to_owned()), length(&"abc")), (3, 3, 3));
            assert_eq!((components("/a/b", 9), components(PathBuf::from("/a/b"), 9)), (3, 3));
            assert_eq!((owned("/a/b", 9), owned(PathBuf::from("/a/b"), 9)), (3, 3));
            assert_eq!((count(&[1, 2].iter()), count(&["a", "b"].iter())), (2, 2));
            assert_eq!((greeting(1), greeting("1")), ("Hi 1".to_owned(), "Hi 1".to_owned()));
        }
        assert_eq!(counts(shown::<i32>::cache_info()), (1, 1, Some(128), 1));
        assert_eq!(counts(length::cache_info()), (5, 1, Some(128), 1));
        assert_eq!(counts(owned::cache_info()), (3, 1, Some(128), 1));
        assert_eq!(counts(count::cache_info()), (3, 1, Some(128), 1));
        assert_eq!(counts(components::cache_info()), (3, 1, Some(128), 1));
        assert_eq!(counts(greeting::cache_info()), (3, 1, Some(128), 1));
        assert_eq!(length::cache_peek("abc"), Some(3));
        assert_eq!(components::cache_remove(Path::new("/a/b"), 9), Some(3));
        assert_eq!(components::cache_refresh("/a/b", 1), 1);
        let _: &Cache<(PathBuf, usize), usize> = components::cache();
    }

    #[test]
    fn methods_blocks_and_traits_borrow_as_well() {
        let account = account();
        for _ in 0..2 {
            assert_eq!(account.alone(), 3);
            assert_eq!(account.with("a"), "o a");
            assert_eq!(account.owner.length(), 1);
            assert_eq!(account.of_block("abc"), 5);
            assert_eq!(Account::associated(" abc "), 3);
            assert_eq!(account.named("abc"), 3);
        }
        for info in [
            Account::alone_cache().info(),
            Account::with_cache().info(),
            Name::length_cache().info(),
            Account::of_block_cache().info(),
            Account::associated_cache().info(),
            Account::named_cache().info(),
        ] {
            assert_eq!(counts(info), (1, 1, Some(128), 1));
        }
        assert_eq!(account.alone_remove(), Some(3));
        assert_eq!(account.with_remove("a").as_deref(), Some("o a"));
        assert_eq!(account.owner.length_remove(), Some(1));
        assert_eq!(account.of_block_remove("abc"), Some(5));
    }

    #[test]
    fn async_functions_borrow_as_well() {
        #[memoize(key = url)]
        async fn page(url: &str) -> usize {
            url.len()
        }
        #[memoize(key = (account.id, account.name.as_str()))]
        async fn named(account: &Account) -> u64 {
            account.id
        }
        #[memoize(key = account.name.as_str())]
        async fn owned(account: Account) -> u64 {
            account.id
        }
        #[memoize(key = account.shown().trim())]
        async fn temporary(account: &Account) -> u64 {
            account.id
        }
        fn is_send<T: Send>(it: T) -> T {
            it
        }

        let account = account();
        block_on(async {
            for _ in 0..2 {
                assert_eq!(is_send(page("/")).await, 1);
                assert_eq!(is_send(named(&account)).await, 7);
                assert_eq!(is_send(owned(account.clone())).await, 7);
                assert_eq!(is_send(temporary(&account)).await, 7);
            }
        });
        for info in
            [page::cache_info(), named::cache_info(), owned::cache_info(), temporary::cache_info()]
        {
            assert_eq!(counts(info), (1, 1, Some(128), 1));
        }
    }

    #[test]
    fn a_given_cache_decides_whether_its_keys_borrow() {
        struct Client {
            owned: Cache<String, usize>,
            fixed: Cache<&'static str, usize>,
            pairs: Cache<(u64, String), usize>,
            names: Cache<Name, usize>,
            options: Cache<Option<String>, usize>,
        }
        impl Client {
            #[memoize(cache = self.owned, key = text.trim())]
            fn trimmed(&self, text: &str) -> usize {
                text.trim().len()
            }
            #[memoize(cache = self.owned, key = account.name)]
            fn field(&self, account: &Account) -> usize {
                account.name.len()
            }
            #[memoize(cache = self.fixed, key = text)]
            fn fixed(&self, text: &'static str) -> usize {
                text.len()
            }
            #[memoize(cache = self.fixed)]
            fn fixed_argument(&self, text: &'static str) -> usize {
                text.len()
            }
            #[memoize(cache = self.owned)]
            fn owned_argument(&self, text: &'static str) -> usize {
                text.len()
            }
            #[memoize(cache = self.pairs, key = (account.id, account.name.as_str()))]
            fn pair(&self, account: &Account) -> usize {
                account.name.len()
            }
            #[memoize(cache = self.names, key = account.owner)]
            fn named(&self, account: &Account) -> usize {
                account.owner.0.len()
            }
            #[memoize(cache = self.options, key = account.title.as_deref())]
            fn option(&self, account: &Account) -> usize {
                account.title.as_ref().map_or(0, String::len)
            }
        }
        let client = Client {
            owned: Cache::default(),
            fixed: Cache::default(),
            pairs: Cache::default(),
            names: Cache::default(),
            options: Cache::default(),
        };
        let account = account();
        for _ in 0..2 {
            assert_eq!((client.trimmed(" a "), client.field(&account)), (1, 3));
            assert_eq!((client.fixed("ab"), client.fixed_argument("ab")), (2, 2));
            assert_eq!((client.owned_argument("abcd"), client.pair(&account)), (4, 3));
            assert_eq!((client.named(&account), client.option(&account)), (1, 2));
        }
        assert_eq!(client.owned.peek("a"), Some(1));
        assert_eq!(client.fixed.info().hits, 3);
        assert_eq!(client.owned.info().misses, 3);
    }

    #[test]
    fn a_key_that_is_owned_stays_as_it_is() {
        #[derive(Debug, PartialEq, Eq, Hash)]
        struct NotClone(u64);

        #[memoize(key = NotClone(n % 10))]
        fn last_digit(n: u64) -> u64 {
            n % 10
        }
        #[memoize(key = Cow::<'static, str>::Owned(n.to_string()))]
        fn by_cow(n: u64) -> u64 {
            n
        }
        #[memoize(key = text.len() % 2 == 0)]
        fn is_even(text: &str) -> bool {
            text.len() % 2 == 0
        }

        once!(last_digit(13) => 3);
        assert_eq!(last_digit(23), 3);
        once!(by_cow(3) => 3);
        once!(is_even("ab") => true);
    }
}
