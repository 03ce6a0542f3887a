//! `value.area_remove(..)`: one call of a method is forgotten, whatever its key is.

mod common;

use common::counts;
use futures::executor::block_on;
use memofn::memoize;
use std::hash::Hash;
use std::num::ParseIntError;
use std::rc::Rc;

#[derive(Clone, PartialEq, Eq, Hash, Debug)]
struct Rectangle {
    width: u64,
    height: u64,
}

impl Rectangle {
    #[memoize]
    fn area(&self) -> u64 {
        self.width * self.height
    }

    #[memoize]
    fn scaled(&self, by: u64, label: &str) -> String {
        format!("{label} {}", self.width * by)
    }

    #[memoize(key = self.width)]
    fn wide(&self) -> bool {
        self.width > 9
    }

    #[memoize(skip(self, log))]
    fn parse(&mut self, text: &str, log: &mut Vec<String>) -> Result<u64, ParseIntError> {
        log.push(text.to_owned());
        text.parse().inspect(|n| self.width = *n)
    }

    #[memoize]
    fn into_height(self) -> u64 {
        self.height
    }

    #[memoize(scope = "thread")]
    fn name(&self) -> Rc<str> {
        Rc::from("rectangle")
    }

    #[memoize]
    async fn later(&self, n: u64) -> u64 {
        std::future::ready(self.width).await + n
    }
}

#[test]
fn a_call_of_a_method_is_forgotten_by_its_arguments() {
    let (one, other) = (Rectangle { width: 2, height: 3 }, Rectangle { width: 4, height: 5 });
    assert_eq!((one.area(), other.area()), (6, 20));
    assert_eq!((one.area_remove(), one.area_remove()), (Some(6), None));
    assert_eq!((one.area(), other.area()), (6, 20));
    assert_eq!(counts(Rectangle::area_cache().info()), (1, 3, Some(128), 2));

    assert_eq!((one.scaled(2, "a"), one.scaled(2, "b")), ("a 4".to_owned(), "b 4".to_owned()));
    assert_eq!(one.scaled_remove(2, "a").as_deref(), Some("a 4"));
    assert_eq!((one.scaled_remove(2, "a"), one.scaled_remove(3, "b")), (None, None));
    assert_eq!(Rectangle::scaled_cache().len(), 1);

    assert!(!one.wide());
    assert_eq!((one.wide_remove(), other.wide_remove()), (Some(false), None));
}

#[test]
fn what_the_key_leaves_out_is_no_argument() {
    let (mut one, mut log) = (Rectangle { width: 2, height: 3 }, Vec::new());
    assert_eq!(one.parse("7", &mut log), Ok(7));
    assert_eq!(one.parse("7", &mut log), Ok(7));
    assert_eq!(Rectangle::parse_remove("7"), Some(Ok(7)));
    assert_eq!(one.parse("7", &mut log), Ok(7));
    assert!(one.parse("x", &mut log).is_err());
    assert_eq!((Rectangle::parse_remove("x"), log.len()), (None, 3));
}

#[test]
fn methods_by_value_of_a_thread_and_async_have_it_too() {
    let one = Rectangle { width: 2, height: 3 };
    assert_eq!((one.clone().into_height(), one.clone().into_height_remove()), (3, Some(3)));
    assert_eq!(
        (one.name(), one.name_remove()),
        (Rc::from("rectangle"), Some(Rc::from("rectangle")))
    );
    assert_eq!(one.name_remove(), None);
    assert_eq!(
        (block_on(one.later(5)), one.later_remove(5), one.later_remove(5)),
        (7, Some(7), None)
    );
}

#[test]
fn a_run_of_the_call_under_way_is_not_stored() {
    #[derive(Clone, PartialEq, Eq, Hash)]
    struct Slow;
    impl Slow {
        #[memoize]
        fn run(&self, n: u32) -> u32 {
            assert_eq!(self.run_remove(n), None);
            n
        }
    }
    assert_eq!(Slow.run(1), 1);
    assert!(Slow::run_cache().is_empty());
    assert_eq!(Slow::run_cache().info().outdated, 1);
}

#[test]
fn methods_of_generic_types_have_it_too() {
    #[derive(Clone, PartialEq, Eq, Hash)]
    struct Wrapper<T>(T);
    impl<T: Clone + Eq + Hash + Send + Sync + ToString + 'static> Wrapper<T> {
        #[memoize]
        fn text(&self, times: usize) -> String {
            self.0.to_string().repeat(times)
        }
    }
    assert_eq!((Wrapper(7).text(2), Wrapper('x').text(2)), ("77".to_owned(), "xx".to_owned()));
    assert_eq!(Wrapper('x').text_remove(2).as_deref(), Some("xx"));
    assert_eq!((Wrapper('x').text_remove(2), Wrapper(7).text_remove(2).is_some()), (None, true));
}

#[test]
fn functions_of_a_block_have_it_too() {
    struct Page;
    #[memoize]
    impl Page {
        #[memoize]
        fn load(path: &str) -> Option<u32> {
            path.parse().ok()
        }
    }
    assert_eq!(
        (Page::load("7"), Page::load_remove("7"), Page::load_remove("7")),
        (Some(7), Some(Some(7)), None)
    );
}

#[test]
fn methods_of_traits_have_it_too() {
    trait Shape: Clone + Eq + Hash + Send + Sync + 'static {
        fn side(&self) -> u64;
        #[memoize]
        fn area(&self) -> u64 {
            self.side() * self.side()
        }
        fn name(&self, language: &str) -> String;
    }
    #[derive(Clone, PartialEq, Eq, Hash)]
    struct Square(u64);
    #[memoize]
    impl Shape for Square {
        fn side(&self) -> u64 {
            self.0
        }
        #[memoize]
        fn name(&self, language: &str) -> String {
            format!("{language} {}", self.0)
        }
    }
    assert_eq!(
        (Square(3).area(), Square(3).area_remove(), Square(3).area_remove()),
        (9, Some(9), None)
    );
    assert_eq!(Square(3).name("en"), "en 3");
    assert_eq!(Square(3).name_remove("en").as_deref(), Some("en 3"));
    assert_eq!(Square(3).name_remove("en"), None);
}

#[test]
fn a_trait_whose_memoized_method_needs_a_size_is_still_an_object() {
    trait Named {
        fn id(&self) -> u32;
        #[memoize]
        fn name(&self) -> String
        where
            Self: Sized + Clone + Eq + Hash + Send + Sync + 'static,
        {
            self.id().to_string()
        }
    }
    #[derive(Clone, PartialEq, Eq, Hash)]
    struct One;
    impl Named for One {
        fn id(&self) -> u32 {
            1
        }
    }
    let object: &dyn Named = &One;
    assert_eq!(
        (object.id(), One.name(), One.name_remove()),
        (1, "1".to_owned(), Some("1".to_owned()))
    );
}
