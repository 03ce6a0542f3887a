//! What somebody may have meant.

/// The options and what they are called elsewhere: Python's `functools` and `cachetools`, `cached`,
/// `memoize`, `moka`, `quick_cache`, `cachelito`.
const OPTIONS: &[(&str, &[&str])] = &[
    (
        "maxsize",
        &[
            "max_size",
            "maxSize",
            "MaxSize",
            "size",
            "Size",
            "capacity",
            "Capacity",
            "max_capacity",
            "max_entries",
            "limit",
            "Limit",
            "entries",
            "unbound",
            "unbounded",
            "bound",
        ],
    ),
    (
        "ttl",
        &[
            "TTL",
            "time",
            "ttl_secs",
            "ttl_millis",
            "time_to_live",
            "TimeToLive",
            "expire",
            "expires",
            "expiry",
            "expiration",
            "lifetime",
            "timeout",
            "max_age",
            "timed",
        ],
    ),
    ("scope", &["SharedCache", "Shared", "shared", "thread", "thread_local", "local", "sync"]),
    ("key", &["convert", "Convert", "key_by", "keyed_by", "hash", "by"]),
    ("skip", &["Ignore", "ignore", "Skip", "exclude", "except"]),
    ("cache_if", &["option", "condition", "when", "if_", "only_if", "filter", "cache_when"]),
    ("single_flight", &["sync_writes", "singleflight", "coalesce", "dedup", "sync_lock", "flight"]),
    ("patience", &["wait", "max_wait", "wait_timeout", "wait_for", "lock_timeout", "deadline"]),
    ("cache", &["store", "storage", "cache_field", "with", "create", "custom_cache", "instance"]),
    ("name", &["Name", "label", "id"]),
    ("controls", &["companion", "type_name", "module", "mod_name"]),
    ("crate", &["krate", "path", "crate_path"]),
];

/// What others have an option for, and why there is none here.
const NEEDLESS: &[(&str, &str)] = &[
    ("result", "an `Err` is not stored"),
    ("in_impl", "methods need none"),
    ("typed", "arguments have one type each"),
    ("thread_safe", "every cache is"),
    ("refresh", "there is `f::cache_refresh(..)`"),
    ("force_refresh", "there is `f::cache_refresh(..)`"),
];

/// Why there is no option `written`, which others have.
pub(crate) fn needless_option(written: &str) -> Option<&'static str> {
    NEEDLESS.iter().find(|(option, _)| *option == written).map(|(_, why)| *why)
}

/// The option that has the name `written` elsewhere.
pub(crate) fn peer_option(written: &str) -> Option<&'static str> {
    OPTIONS.iter().find(|(_, peers)| peers.contains(&written)).map(|(option, _)| *option)
}

pub(crate) fn option_names() -> impl Iterator<Item = &'static str> + Clone {
    OPTIONS.iter().map(|(option, _)| *option)
}

/// The candidate that differs from `written` in the fewest letters, if in few enough.
pub(crate) fn nearest<'a>(
    written: &str,
    candidates: impl Iterator<Item = &'a str>,
) -> Option<&'a str> {
    let (distance, candidate) = candidates
        .map(|candidate| (edit_distance(written, candidate), candidate))
        .min_by_key(|(distance, _)| *distance)?;
    (distance <= candidate.len().max(written.len()) / 3).then_some(candidate)
}

/// The Levenshtein distance.
fn edit_distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.chars().enumerate() {
        let mut diagonal = i;
        row[0] = i + 1;
        for (j, y) in b.iter().enumerate() {
            let substituted = diagonal + usize::from(x != *y);
            diagonal = row[j + 1];
            row[j + 1] = substituted.min(row[j] + 1).min(row[j + 1] + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distances_are_counted_in_letters() {
        assert_eq!(edit_distance("maxsize", "maxsize"), 0);
        assert_eq!(edit_distance("maxsise", "maxsize"), 1);
        assert_eq!(edit_distance("", "ttl"), 3);
        assert_eq!(edit_distance("kitten", "sitting"), 3);
    }

    #[test]
    fn options_of_the_peers_and_near_misses_are_understood() {
        assert_eq!(peer_option("TimeToLive"), Some("ttl"));
        assert_eq!(peer_option("maxsise"), None);
        assert_eq!(nearest("maxsise", option_names()), Some("maxsize"));
        assert_eq!(nearest("single_fligth", option_names()), Some("single_flight"));
        assert_eq!(nearest("patiance", option_names()), Some("patience"));
        assert_eq!(nearest("xyz", option_names()), None);
    }
}
