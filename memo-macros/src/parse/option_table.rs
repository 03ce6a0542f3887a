//! The table of options. Parsing, suggestions, conflicts and the calls of the builder come from it.
//!
//! To add an option, add a row here. CONTRIBUTING.md lists what else it needs.

use super::option_row::{Feature, NoLimit, OnBlock, OptionRow, OtherForm, Relation, Syntax};
use super::values;

/// The values of most rows.
pub(crate) const ROW: OptionRow = OptionRow {
    name: "",
    value: Syntax::Assigned(values::expression),
    example: "",
    peers: "",
    no_limit: NoLimit::Never,
    excludes: &[],
    feature: None,
    needs: &[],
    on_block: OnBlock::Default,
    builder: None,
    expires: false,
    about_errors: false,
    stores_errors: false,
};

/// The exclusion of every option that the builder of a given cache takes.
const GIVEN_CACHE: Relation = Relation {
    option: "cache",
    why: "a given cache has its own options, set where it is made with \
          `Cache::builder()`",
};

/// The exclusion of every option about what is below a cache.
const THREAD_SCOPE: Relation = Relation {
    option: "scope = \"thread\"",
    why: "the cache of one thread shares nothing, and a tier is shared",
};

pub(crate) const OPTIONS: &[OptionRow] = &[
    OptionRow {
        name: "maxsize",
        value: Syntax::Assigned(values::size),
        example: "maxsize = 128",
        peers: "max_size maxSize MaxSize size Size capacity Capacity max_capacity \
                max_entries limit Limit entries bound",
        no_limit: NoLimit::Word { word: "unbounded", builder: "unbounded" },
        excludes: &[GIVEN_CACHE],
        builder: Some("maxsize"),
        ..ROW
    },
    OptionRow {
        name: "ttl",
        value: Syntax::Assigned(values::life),
        example: "ttl = \"30m\"",
        peers: "TTL time ttl_secs ttl_millis time_to_live TimeToLive expire expiration \
                lifetime timeout timed",
        no_limit: NoLimit::LeaveOut("for entries that never expire"),
        excludes: &[GIVEN_CACHE],
        builder: Some("ttl"),
        expires: true,
        ..ROW
    },
    OptionRow {
        name: "tti",
        value: Syntax::Assigned(values::duration),
        example: "tti = \"10m\"",
        peers: "time_to_idle TimeToIdle tti_secs idle max_idle idle_time idle_timeout expire_after_access \
                expireAfterAccess sliding sliding_expiration refresh",
        no_limit: NoLimit::LeaveOut("for entries that may be idle forever"),
        excludes: &[GIVEN_CACHE],
        builder: Some("tti"),
        expires: true,
        ..ROW
    },
    OptionRow {
        name: "jitter",
        value: Syntax::Assigned(values::duration),
        example: "jitter = \"1m\"",
        peers: "ttl_jitter jitter_max max_jitter expiry_jitter spread fuzz",
        excludes: &[GIVEN_CACHE],
        needs: &[Relation { option: "ttl", why: "nothing grows old without it" }],
        builder: Some("jitter"),
        ..ROW
    },
    OptionRow {
        name: "err_ttl",
        value: Syntax::Assigned(values::duration),
        example: "err_ttl = \"5s\"",
        peers: "error_ttl ttl_err negative_ttl negative_cache_ttl cache_err cache_errors error_lifetime",
        no_limit: NoLimit::LeaveOut("for errors that are not stored"),
        excludes: &[
            Relation {
                option: "cache_if",
                why: "`cache_if` decides about errors; give `ttl` a closure over the result",
            },
            GIVEN_CACHE,
        ],
        builder: Some("err_ttl"),
        expires: true,
        about_errors: true,
        stores_errors: true,
        ..ROW
    },
    OptionRow {
        name: "refresh_after",
        value: Syntax::Assigned(values::age),
        example: "refresh_after = \"8m\"",
        peers: "stale_for stale_while_revalidate max_stale soft_ttl early_ttl early swr refresh_mode \
                refresh_ahead refresh_after_write refreshAfterWrite revalidate",
        no_limit: NoLimit::LeaveOut("for entries that are computed anew when they expire"),
        excludes: &[GIVEN_CACHE],
        builder: Some("refresh_after"),
        expires: true,
        ..ROW
    },
    OptionRow {
        name: "refresh_on",
        value: Syntax::Assigned(values::runner),
        example: "refresh_on = rayon::spawn",
        peers: "refresh_executor executor spawner spawn refresh_thread",
        needs: &[Relation { option: "refresh_after", why: "without it there is nothing to run" }],
        ..ROW
    },
    OptionRow {
        name: "retry_after",
        value: Syntax::Assigned(values::duration),
        example: "retry_after = \"30s\"",
        peers: "retry refresh_retry fail_safe_throttle throttle",
        excludes: &[GIVEN_CACHE],
        builder: Some("retry_after"),
        ..ROW
    },
    OptionRow {
        name: "stale_if_error",
        value: Syntax::Assigned(values::duration),
        example: "stale_if_error = \"1h\"",
        peers: "result_fallback fail_safe fallback stale_on_error stale_ttl grace keep_stale",
        needs: &[Relation { option: "ttl", why: "nothing grows old without it" }],
        excludes: &[
            Relation {
                option: "cache_if",
                why: "`cache_if` decides about errors, and may store one",
            },
            GIVEN_CACHE,
        ],
        builder: Some("keep_for_errors"),
        expires: true,
        about_errors: true,
        ..ROW
    },
    OptionRow {
        name: "scope",
        value: Syntax::Assigned(values::scope),
        example: "scope = \"thread\"",
        peers: "SharedCache Shared shared thread thread_local local sync",
        excludes: &[GIVEN_CACHE],
        on_block: OnBlock::FirmDefault,
        ..ROW
    },
    OptionRow {
        name: "key",
        value: Syntax::Assigned(values::key),
        example: "key = user.id",
        peers: "convert Convert key_by keyed_by hash by",
        ..ROW
    },
    OptionRow {
        name: "skip",
        value: Syntax::Parenthesized(values::arguments),
        example: "skip(db, logger)",
        peers: "Ignore ignore Skip exclude except",
        excludes: &[Relation {
            option: "key",
            why: "a key expression already says which arguments count",
        }],
        on_block: OnBlock::DefaultForArguments,
        ..ROW
    },
    OptionRow {
        name: "cache_if",
        value: Syntax::Assigned(values::condition),
        example: "cache_if = |result| result.is_some()",
        peers: "option condition when if_ only_if filter cache_when",
        ..ROW
    },
    OptionRow {
        name: "single_flight",
        value: Syntax::Assigned(values::flag),
        example: "single_flight = false",
        peers: "sync_writes singleflight coalesce dedup sync_lock flight",
        excludes: &[
            Relation {
                option: "scope = \"thread\"",
                why: "calls of one thread never wait for each other",
            },
            GIVEN_CACHE,
        ],
        builder: Some("single_flight"),
        ..ROW
    },
    OptionRow {
        name: "patience",
        value: Syntax::Assigned(values::duration),
        example: "patience = \"5s\"",
        peers: "wait max_wait wait_timeout wait_for lock_timeout deadline",
        no_limit: NoLimit::Word { word: "unlimited", builder: "unlimited_patience" },
        excludes: &[
            Relation {
                option: "single_flight = false",
                why: "no call waits for the run of another",
            },
            GIVEN_CACHE,
        ],
        builder: Some("patience"),
        ..ROW
    },
    OptionRow {
        name: "on_evict",
        value: Syntax::Assigned(values::listener),
        example: "on_evict = |key, value, why| close(value)",
        peers: "eviction_listener evictionListener removal_listener removalListener \
                evict_callback eviction_callback on_eviction onEvict on_evicted on_remove \
                on_removal onRemoval on_cache_evict dispose disposeAfter listener callback",
        excludes: &[GIVEN_CACHE],
        ..ROW
    },
    OptionRow {
        name: "cache",
        value: Syntax::Assigned(values::cache),
        example: "cache = self.users",
        peers: "store storage cache_field with create custom_cache instance",
        on_block: OnBlock::FirmDefault,
        ..ROW
    },
    OptionRow {
        name: "tags",
        value: Syntax::Assigned(values::tags),
        example: "tags = [\"users\"]",
        peers: "tag Tag cache_tag cacheTag cache_tags group groups events dependencies",
        excludes: &[Relation {
            option: "scope = \"thread\"",
            why: "another thread's cache cannot be reached",
        }],
        ..ROW
    },
    OptionRow {
        name: "tier",
        value: Syntax::Assigned(values::tier),
        example: "tier = MY_TIER",
        peers: "tiers backend second_level level_2 l2 L2 secondary write_through",
        excludes: &[THREAD_SCOPE, GIVEN_CACHE],
        // A build of the unit tests expands the option whether or not it has the feature.
        feature: Some(Feature { name: "tier", is_on: cfg!(any(feature = "tier", test)) }),
        ..ROW
    },
    OptionRow {
        name: "disk",
        value: Syntax::Alone(values::place_on_disk),
        example: "disk",
        peers: "DiskCache disk_cache diskcache Memory persist persistent file sqlite",
        excludes: &[
            Relation { option: "tier", why: "a function has one tier" },
            THREAD_SCOPE,
            GIVEN_CACHE,
        ],
        feature: Some(Feature { name: "disk", is_on: cfg!(any(feature = "disk", test)) }),
        ..ROW
    },
    OptionRow {
        name: "redis",
        value: Syntax::Alone(values::connected_elsewhere),
        example: "redis",
        peers: "Redis valkey RedisCache redis_cache AsyncRedisCache",
        excludes: &[
            Relation { option: "tier", why: "a function has one tier" },
            Relation { option: "disk", why: "a function has one tier" },
            THREAD_SCOPE,
            GIVEN_CACHE,
        ],
        feature: Some(Feature { name: "redis", is_on: cfg!(any(feature = "redis", test)) }),
        ..ROW
    },
    OptionRow {
        name: "version",
        value: Syntax::Assigned(values::version),
        example: "version = 2",
        peers: "cache_version code_version func_version rev revision",
        ..ROW
    },
    OptionRow {
        name: "depends",
        value: Syntax::Parenthesized(values::items),
        example: "depends(parse, TABLE)",
        peers: "depends_on deps calls",
        ..ROW
    },
    OptionRow {
        name: "codec",
        value: Syntax::Assigned(values::codec),
        example: "codec = Json",
        peers: "serializer Serializer serialize serde encoder encoding",
        excludes: &[GIVEN_CACHE],
        ..ROW
    },
    OptionRow {
        name: "name",
        value: Syntax::Assigned(values::text),
        example: "name = \"users\"",
        peers: "Name label id",
        excludes: &[GIVEN_CACHE],
        on_block: OnBlock::OfBlock,
        ..ROW
    },
    OptionRow {
        name: "controls",
        value: Syntax::Assigned(values::controls),
        example: "controls = fib_cache",
        peers: "companion type_name module mod_name",
        on_block: OnBlock::OfTraitImpl(
            "`controls` names the controls of one function: move it there",
        ),
        ..ROW
    },
    OptionRow {
        name: "crate",
        value: Syntax::Assigned(values::path),
        example: "crate = ::memofn",
        peers: "krate path crate_path",
        ..ROW
    },
];

/// Options of other libraries, separated by spaces, for which an option here has another form than in its row's example.
pub(crate) const OTHER_FORMS: &[OtherForm] = &[
    OtherForm { peers: "unbound unbounded", option: "maxsize", example: "maxsize = unbounded" },
    OtherForm {
        peers: "expires expiry Expiry max_age expires_at expire_at",
        option: "ttl",
        example: "ttl = |value| value.lifetime()",
    },
    OtherForm {
        peers: "disk_dir cache_dir location directory dir folder",
        option: "disk",
        example: "disk = \"target/pages\"",
    },
];

/// Options of other libraries that are not needed here, and why.
pub(crate) const NOT_NEEDED: &[(&str, &str)] = &[
    ("result", "an `Err` is not stored"),
    ("in_impl", "methods need none"),
    ("typed", "arguments have one type each"),
    ("thread_safe", "every cache is"),
    ("force_refresh", "there is `f::cache_refresh(..)`"),
    ("sync_to_disk_on_cache_change", "with `disk` every result is written, in the background"),
];
