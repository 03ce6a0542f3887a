//! Records that are kept and forgotten, in order.

use super::*;
use crate::tier::record::Contents;

#[test]
fn a_kept_record_answers_also_in_another_tier_on_the_file() {
    let directory = Directory::new();
    let one = tier(&directory.file());
    let other = tier(&directory.file());
    assert_eq!(has(&other, &f(1)), None);
    keep(&one, &f(1), "one");
    assert_eq!(has(&one, &f(1)).as_deref(), Some("one"));
    flush(&one);
    assert_eq!(has(&one, &f(1)).as_deref(), Some("one"));
    assert_eq!(has(&other, &f(1)).as_deref(), Some("one"));
    keep(&one, &f(1), "two");
    flush(&one);
    assert_eq!(has(&other, &f(1)).as_deref(), Some("two"), "the later wins");
    for unlike in [f(2), call("f", 2, 1), call("g", 1, 1)] {
        assert_eq!(has(&other, &unlike), None);
    }
    close(one);
    close(other);
    assert_eq!(has(&tier(&directory.file()), &f(1)).as_deref(), Some("two"), "after a restart");
}

#[test]
fn a_question_creates_no_file() {
    let directory = Directory::new();
    let tier = tier(&directory.path().join("new/test.sqlite3"));
    assert_eq!(has(&tier, &f(1)), None);
    assert!(!directory.path().join("new").exists());
}

#[test]
fn what_is_forgotten_is_gone_in_order_with_what_is_kept() {
    finishes("forgets", || {
        let directory = Directory::new();
        let tier = tier(&directory.file());
        let other = DiskTier::on(directory.file(), &settings());
        // Once while all of it is queued, and once with each of it written.
        for writes in [false, true] {
            let step = || {
                if writes {
                    flush(&tier);
                }
            };
            keep(&tier, &f(0), "");
            flush(&tier);
            let held = (!writes).then(|| hold(&directory.file()));
            keep(&tier, &f(1), "one");
            keep(&tier, &f(2), "two");
            keep(&tier, &call("f", 2, 1), "version");
            keep(&tier, &call("g", 1, 1), "g");
            assert_eq!(keep_with(&tier, &f(3), "three", None, &["red", "blue"]), Kept::Stored);
            assert_eq!(keep_with(&tier, &call("g", 1, 2), "g two", None, &["red"]), Kept::Stored);
            step();
            tier.forget(Forget::Key(&f(1)));
            step();
            assert_eq!(has(&tier, &f(1)), None);
            assert_eq!(has(&tier, &f(2)).as_deref(), Some("two"));
            tier.forget(Forget::Tag("blue"));
            step();
            assert_eq!(has(&tier, &f(3)), None);
            assert_eq!(has(&tier, &call("g", 1, 2)).as_deref(), Some("g two"));
            tier.forget(Forget::Function(f(1).function()));
            keep(&tier, &f(1), "again");
            step();
            assert_eq!(has(&tier, &f(1)).as_deref(), Some("again"));
            assert_eq!(has(&tier, &f(2)), None);
            assert_eq!(has(&tier, &call("f", 2, 1)), None, "all versions");
            tier.forget(Forget::Tag("red"));
            assert_eq!(keep_with(&tier, &f(3), "red again", None, &["red"]), Kept::Stored);
            drop(held);
            flush(&tier);
            assert_eq!(has(&other, &f(1)).as_deref(), Some("again"));
            assert_eq!(has(&other, &f(3)).as_deref(), Some("red again"));
            assert_eq!(has(&other, &call("g", 1, 1)).as_deref(), Some("g"));
            assert_eq!(has(&other, &call("g", 1, 2)), None);
            tier.forget_all();
            assert_eq!(has(&tier, &call("g", 1, 1)), None);
        }
        flush(&tier);
        assert_eq!(tier.bytes(), 0);
    });
}

#[test]
fn what_is_queued_answers_before_it_is_written() {
    finishes("queued", || {
        let directory = Directory::new();
        let tier = tier(&directory.file());
        assert_eq!(keep_with(&tier, &f(1), "old", None, &["red"]), Kept::Stored);
        assert_eq!(keep_with(&tier, &f(2), "tagged", None, &["red"]), Kept::Stored);
        keep(&tier, &f(3), "kept");
        flush(&tier);
        let held = hold(&directory.file());
        keep(&tier, &f(1), "new");
        tier.forget(Forget::Key(&f(3)));
        assert_eq!(has(&tier, &f(1)).as_deref(), Some("new"));
        assert_eq!(has(&tier, &f(2)).as_deref(), Some("tagged"));
        assert_eq!(has(&tier, &f(3)), None);
        tier.forget(Forget::Tag("red"));
        assert_eq!(has(&tier, &f(1)).as_deref(), Some("new"), "the new one has no tag");
        assert_eq!(has(&tier, &f(2)), None, "its tag is in the file");
        let other = DiskTier::on(directory.file(), &settings());
        assert_eq!(has(&other, &f(1)).as_deref(), Some("old"), "it is not written");
        drop(held);
        flush(&tier);
        assert_eq!(has(&other, &f(1)).as_deref(), Some("new"));
    });
}

#[test]
fn a_keep_whose_lease_is_older_than_a_forget_is_refused() {
    let directory = Directory::new();
    let tier = tier(&directory.file());
    let forgets: [(&str, &dyn Fn()); 4] = [
        ("key", &|| tier.forget(Forget::Key(&f(1)))),
        ("function", &|| tier.forget(Forget::Function(f(1).function()))),
        ("tag", &|| tier.forget(Forget::Tag("red"))),
        ("all", &|| tier.forget_all()),
    ];
    let keep_one = |lease| {
        let tags = vec!["red".to_owned()];
        let (row, began) = (RowKey::of(&f(1)), wall::now());
        let keep = Keep { row, record: record("one"), ends: None, began, tags };
        tier.keep_until(keep, lease)
    };
    for (what, forget) in forgets {
        for (is_written, refreshes) in [(false, false), (true, false), (false, true), (true, true)]
        {
            let asked = if refreshes { tier.begin(&f(1)) } else { tier.ask(&f(1)) };
            let Answer::Yours(lease) = asked.wait() else { panic!("there is no record") };
            forget();
            if is_written {
                flush(&tier);
            }
            assert_eq!(keep_one(Some(lease)), Kept::Refused, "{what}");
            assert_eq!(has(&tier, &f(1)), None);
        }
        let lease = lease(&tier, &f(1));
        tier.forget(Forget::Key(&f(2)));
        tier.forget(Forget::Tag("blue"));
        assert_eq!(keep_one(Some(lease)), Kept::Stored, "others were forgotten");
        forget();
        assert_eq!(keep_one(None), Kept::Stored, "without a lease");
        forget();
    }
}

#[test]
fn keys_that_share_a_row_do_not_answer_for_each_other() {
    let directory = Directory::new();
    let tier = tier(&directory.file());
    let sealed = |of: &Asked| {
        let contents = Contents {
            function: of.function().name(),
            version: of.function().version(),
            shape: 0,
            began: 1,
            born: 1,
            fresh_until: wall::NEVER,
            ends: wall::NEVER,
            cost: 0,
            key: &of.key_in_records(),
            tags: Vec::new(),
            payload: b"value",
        };
        contents.seal().expect("it is short")
    };
    assert_eq!(tier.keep(&f(1), sealed(&f(1)), None).wait(), Kept::Stored);
    flush(&tier);
    assert!(matches!(tier.ask(&f(1)).wait(), Answer::Hit(record) if record == sealed(&f(1))));
    // As if the ids of the keys were equal.
    for another in [f(2), call("f", 2, 1), call("g", 1, 1)] {
        assert_eq!(tier.keep(&f(1), sealed(&another), None).wait(), Kept::Stored);
        flush(&tier);
        assert!(matches!(tier.ask(&f(1)).wait(), Answer::Yours(_)), "the row is of {another:?}");
    }
    assert_eq!(tier.keep(&f(1), sealed(&f(1)), None).wait(), Kept::Stored);
    flush(&tier);
    assert!(matches!(tier.ask(&f(1)).wait(), Answer::Hit(_)), "the later has the row");
}
