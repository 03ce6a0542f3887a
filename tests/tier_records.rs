//! A record answers for its own function, key and type alone.
#![cfg(feature = "tier")]

mod common;

use common::map_tier::MapTier;
use common::tiers::{servers, tiers_are_on};
use memofn::{Cache, memoize};
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use std::sync::{Arc, LazyLock};

mod types {
    use super::*;

    #[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
    enum Shape {
        Point,
        Circle { radius: f64 },
        Named(Named),
    }

    type Named = Option<Option<Arc<str>>>;

    #[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize)]
    struct User {
        id: u32,
        #[serde(skip)]
        tenant: u32,
    }

    servers! { TIER, RUNS: one, other(n: u32) -> (Shape, HashMap<String, Vec<u8>>) {
        let shape = match n {
            0 => Shape::Point,
            1 => Shape::Circle { radius: f64::NAN },
            2 => Shape::Named(Some(None)),
            _ => Shape::Named(Some(Some("a".into()))),
        };
        (shape, HashMap::from([("b".into(), vec![1]), ("a".into(), vec![])]))
    } }

    #[test]
    fn values_of_many_types_come_back_as_they_were() {
        tiers_are_on();
        for n in [0, 2, 3] {
            assert_eq!(one(n), other(n));
        }
        let (Shape::Circle { radius }, _) = (one(1), other(1)).1 else { panic!("a circle") };
        assert!(radius.is_nan());
        assert_eq!(RUNS.get(), 4);
    }

    #[test]
    fn keys_that_differ_in_a_field_that_is_not_written_are_different() {
        let tier = MapTier::default();
        let cache: Cache<User, u32> =
            Cache::builder().name("tenants").tier(tier.clone(), 1).build();
        for tenant in [1, 2] {
            assert_eq!(cache.get_or_compute(User { id: 7, tenant }, || tenant), tenant);
        }
        assert_eq!(tier.records(), 2);
    }

    #[test]
    fn a_record_of_another_type_or_version_does_not_answer() {
        #[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
        struct Old {
            width: u32,
            height: u32,
        }

        #[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
        struct New {
            height: u32,
            width: u32,
        }

        let tier = MapTier::default();
        let old: Cache<u8, Old> = Cache::builder().name("drift").tier(tier.clone(), 1).build();
        let new: Cache<u8, New> = Cache::builder().name("drift").tier(tier.clone(), 1).build();
        old.get_or_compute(1, || Old { width: 1, height: 2 });
        assert_eq!(new.get_or_compute(1, || New { width: 3, height: 4 }).width, 3);
        let next: Cache<u8, Old> = Cache::builder().name("drift").tier(tier, 2).build();
        assert_eq!(next.get_or_compute(1, || Old { width: 5, height: 6 }).width, 5);
    }
}

mod paths {
    use super::*;

    static TIER: LazyLock<MapTier> = LazyLock::new(MapTier::default);

    struct Square(u32);

    /// A module with a trait `Area`, whose method has the same tokens in each.
    macro_rules! area {
        ($module:ident: $constant:literal) => {
            mod $module {
                use super::*;

                pub(super) trait Area {
                    fn area(&self) -> u32;
                }

                #[memoize(tier = TIER)]
                impl Area for Square {
                    #[memoize(key = self.0)]
                    fn area(&self) -> u32 {
                        self.0 + CONSTANT
                    }
                }

                const CONSTANT: u32 = $constant;
            }
        };
    }
    area! { one: 1 }
    area! { other: 100 }

    #[test]
    fn functions_and_traits_of_one_name_have_records_of_their_own() {
        tiers_are_on();
        let one = {
            const C: u32 = 1;
            #[memoize(tier = TIER)]
            fn plus(n: u32) -> u32 {
                n + C
            }
            plus(1)
        };
        let other = {
            const C: u32 = 100;
            #[memoize(tier = TIER)]
            fn plus(n: u32) -> u32 {
                n + C
            }
            plus(1)
        };
        assert_eq!((one, other), (2, 101));
        let square = Square(1);
        assert_eq!((one::Area::area(&square), other::Area::area(&square)), (2, 101));
    }

    #[test]
    fn a_key_whose_fields_have_changed_places_is_another_key() {
        #[derive(Clone, PartialEq, Eq, Hash, Serialize)]
        #[serde(rename = "Size")]
        struct Old {
            width: u32,
            height: u32,
        }

        #[derive(Clone, PartialEq, Eq, Hash, Serialize)]
        #[serde(rename = "Size")]
        struct New {
            height: u32,
            width: u32,
        }

        let tier = MapTier::default();
        let (width, height) = (1, 2);
        let old: Cache<Old, u32> = Cache::builder().name("sizes").tier(tier.clone(), 1).build();
        let new: Cache<New, u32> = Cache::builder().name("sizes").tier(tier.clone(), 1).build();
        old.get_or_compute(Old { width, height }, || width);
        assert_eq!(new.get_or_compute(New { height: width, width: height }, || height), height);
    }
}
