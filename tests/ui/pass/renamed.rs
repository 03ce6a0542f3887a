//! The façade crate under other names.

extern crate memofn as renamed;

mod deep {
    pub mod deeper {
        pub use memofn;
    }
}

mod elsewhere {
    #[renamed::memoize(crate = ::renamed, maxsize = 10)]
    pub fn square(n: u64) -> u64 {
        n * n
    }

    #[renamed::memoize(crate = crate::deep::deeper::memofn, scope = "thread", key = text.len())]
    pub fn length(text: &str) -> Result<usize, String> {
        Ok(text.len())
    }

    mod here {
        pub use memofn as mine;
    }
    #[memofn::memoize(crate = here::mine, cache_if = |sum| *sum > 0)]
    pub fn sum(items: &[u64]) -> u64 {
        items.iter().sum()
    }
}

fn main() {
    assert_eq!((elsewhere::square(3), elsewhere::square(3)), (9, 9));
    assert_eq!((elsewhere::length("ab"), elsewhere::length("cd")), (Ok(2), Ok(2)));
    assert_eq!((elsewhere::sum(&[1, 2]), elsewhere::sum(&[1, 2])), (3, 3));
    assert_eq!(elsewhere::square::cache_info().hits, 1);
    assert_eq!(elsewhere::length::cache_info().hits, 1);
    assert_eq!(elsewhere::sum::cache_info().hits, 1);
}
