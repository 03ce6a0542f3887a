//! A process that uses no function with Redis invalidates a tag there.
#![cfg(all(unix, feature = "redis"))]

mod common;

use common::redis_links::{LONG, is_hit, keep, painted_question, patient, with_server};

#[test]
fn a_tag_reaches_redis_from_a_process_that_has_used_no_function() {
    with_server(&[], |server| {
        let other = patient(server).tier();
        let (red, blue) = (painted_question(1, "red"), painted_question(2, "blue"));
        keep(&other, &red);
        keep(&other, &blue);
        assert!(is_hit(&other, &red.0));
        patient(server).start();
        // The caches that this reaches have another tier.
        memofn::invalidate_tag("color:red");
        assert!(memofn::flush(LONG));
        assert!(!is_hit(&other, &red.0));
        assert!(is_hit(&other, &blue.0));
    });
}
