//! Functions that `macro_rules!` macros define.

use memofn::memoize;

macro_rules! define {
    ($(#[$attr:meta])* $vis:vis $name:ident($arg:ident: $ty:ty) -> $ret:ty $body:block) => {
        #[memoize]
        $(#[$attr])*
        $vis fn $name($arg: $ty) -> $ret $body
    };
}

define!(
    /// Documented.
    #[must_use]
    pub square(n: u64) -> u64 { n * n }
);
define!(length(text: &str) -> usize { text.len() });
define!(pub(crate) half(x: f64) -> Result<f64, String> { Ok(x / 2.0) });

macro_rules! with_options {
    ($name:ident, $size:expr, $ttl:expr, $key:expr, $accept:expr, $pattern:pat, $item:ident) => {
        #[memoize(maxsize = $size, ttl = $ttl, cache_if = $accept)]
        fn $name($item: u64, _: u64) -> u64 {
            // The macro's own name, next to the user's.
            let twice = $item * 2;
            twice
        }
    };
}
with_options!(twice, 4 * 2, "1h", n, |twice| *twice < 100, _, n);

macro_rules! with_literals {
    ($name:ident, $scope:expr, $called:literal, $size:ident, $facade:path, $($skipped:ident),*) => {
        #[memoize(scope = $scope, name = $called, maxsize = $size, crate = $facade, skip($($skipped),*))]
        fn $name(n: u64, $($skipped: u64),*) -> u64 {
            n $(+ $skipped)*
        }
    };
}
with_literals!(sum, "thread", "sums", unbounded, ::memofn, a, b);

macro_rules! with_key {
    ($name:ident($arg:ident: $ty:ty), $key:expr) => {
        #[memoize(key = $key)]
        fn $name($arg: $ty) -> String {
            $arg.to_string()
        }
    };
}
with_key!(last_digit(n: u64), n % 10);

macro_rules! hygienic {
    ($name:ident, $n:expr) => {
        #[memoize(skip(log))]
        fn $name(n: u64, log: &mut u64) -> u64 {
            *log += 1;
            n + $n
        }
    };
}
hygienic!(three_more, 3);

macro_rules! item {
    ($item:item) => {
        $item
    };
}
item! {
    #[memoize(maxsize = 1)]
    fn negated(n: i64) -> i64 {
        -n
    }
}

fn main() {
    assert_eq!((square(3), square(3)), (9, 9));
    assert_eq!((length("abc"), length("abc")), (3, 3));
    assert_eq!((half(3.0), half(3.0)), (Ok(1.5), Ok(1.5)));
    assert_eq!((twice(3, 4), twice(3, 4)), (6, 6));
    assert_eq!(twice::cache_info().maxsize, Some(8));
    assert_eq!((last_digit(13), last_digit(23)), ("13".to_owned(), "13".to_owned()));
    let mut runs = 0;
    assert_eq!((three_more(3, &mut runs), three_more(3, &mut runs), runs), (6, 6, 1));
    assert_eq!((negated(3), negated(3)), (-3, -3));
    assert_eq!((sum(1, 2, 3), sum(1, 3, 4)), (6, 6));
    assert_eq!((sum::cache_info().maxsize, sum::cache_parameters().name), (None, "sums".into()));
    for info in [
        square::cache_info(), length::cache_info(), half::cache_info(), twice::cache_info(),
        last_digit::cache_info(), three_more::cache_info(), negated::cache_info(),
    ] {
        assert_eq!(info.hits, 1);
    }
}
