//! `key = ..`: an expression over the arguments is the key of a call.

#![expect(clippy::trivially_copy_pass_by_ref, reason = "a user stands for something larger")]

mod common;

use common::counts;
use memofn::memoize;

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
