#!/usr/bin/env bash
# The footprint of the crate, of `cached` and of `memoize`: crates in the default build, a clean build of a
# crate with one memoized function, and builds of a crate with 200 of five shapes, after its dependencies were built.
# Peers take turns, and the minimum of each is shown: elapsed seconds of clean builds, user seconds of the others.
#
#   [FUNCTIONS=200] [CLEAN=yes] benches/footprint.sh [ROUNDS]
#
# `CLEAN=no` leaves out the clean builds.
# `memoize` has no async functions, so it takes part in the first two only. Works in target/footprint. Needs the network
# only to fetch dependencies.
set -euo pipefail
cd "$(dirname "$0")/.."

readonly ROUNDS=${1:-3}
readonly PEERS=(memofn cached memoize)
readonly FUNCTIONS=${FUNCTIONS:-200}
readonly CLEAN=${CLEAN:-yes}
root=$PWD
work=$root/target/footprint
host=$(rustc --version --verbose | sed -n 's/^host: //p')
export CARGO_TERM_COLOR=never CARGO_INCREMENTAL=0
unset CARGO_TARGET_DIR

# dependency PEER NAME: the version of `benches/Cargo.toml`. With default features, unless there are async functions.
dependency() {
    if [ "$1" = memofn ]; then
        printf 'memofn = { path = "%s" }\n' "$root"
    elif [ "$2" = many ]; then
        grep -E "^$1 = " benches/Cargo.toml
    else
        grep -E "^$1 = " benches/Cargo.toml | sed -E 's/\{ version = ("[^"]*").*/\1/'
    fi
}

# The attribute before a function.
attribute() {
    case $1 in
    memofn) echo '#[memoize(maxsize = 100)]' ;;
    cached) echo '#[cached(max_size = 100)]' ;;
    memoize) echo '#[memoize(SharedCache, Capacity: 100)]' ;;
    esac
}

import() {
    case $1 in
    memofn) echo 'use memofn::memoize;' ;;
    cached) echo 'use cached::macros::cached;' ;;
    memoize) echo 'use memoize::memoize;' ;;
    esac
}

# crate PEER NAME: makes a crate that depends on the peer, from source on standard input. Prints its folder.
crate() {
    local folder=$work/$1-$2
    rm -rf "$folder"
    mkdir -p "$folder/src"
    {
        printf '[package]\nname = "user"\nversion = "0.1.0"\nedition = "2024"\n\n[dependencies]\n'
        dependency "$1" "$2"
        printf '\n[workspace]\n'
    } >"$folder/Cargo.toml"
    cp Cargo.lock "$folder/Cargo.lock"
    cat >"$folder/src/main.rs"
    # Reduces this project's lock file to what the crate needs. It downloads nothing that only other systems need.
    local arguments=(--format-version 1 --filter-platform "$host" --manifest-path "$folder/Cargo.toml")
    cargo metadata --offline "${arguments[@]}" >/dev/null 2>&1 || cargo metadata "${arguments[@]}" >/dev/null
    echo "$folder"
}

one_function() {
    import "$1"
    attribute "$1"
    cat <<'END'
fn square(n: u64) -> u64 {
    n * n
}

fn main() {
    println!("{}", square(7) + square(7));
}
END
}

# Functions of five shapes in turn. The numbered key types keep the compiler from sharing generic code.
many_functions() {
    local number keyed=''
    import "$1"
    [ "$1" = cached ] && keyed=', key = "String", convert = r##"{ name.to_owned() }"##'
    attribute=$(attribute "$1")
    for number in $(seq "$FUNCTIONS"); do
        printf '#[derive(Clone, Debug, PartialEq, Eq, Hash)]\npub struct Key%s(pub u64);\n' "$number"
        case $((number % 5)) in
        0) echo "$attribute
pub fn function$number(n: u64) -> u64 {
    n * $number
}" ;;
        1) echo "${attribute%)]}$keyed)]
pub fn function$number(name: &str) -> Result<String, String> {
    if name.is_empty() { Err(name.to_owned()) } else { Ok(name.to_uppercase()) }
}" ;;
        2) echo "${attribute%)]}, $(ttl "$1"))]
pub fn function$number(key: Key$number, text: String) -> u64 {
    key.0 + text.len() as u64
}" ;;
        3) echo "$attribute
pub fn function$number(items: Vec<u32>, key: Key$number) -> Option<Vec<u32>> {
    items.iter().map(|item| item.checked_mul(key.0 as u32)).collect()
}" ;;
        *) echo "$attribute
pub async fn function$number(id: u32, key: Key$number) -> Result<String, String> {
    Ok(format!(\"{id} {}\", key.0))
}" ;;
        esac
    done
    cat <<'END'
fn block<F: std::future::Future>(future: F) -> F::Output {
    let mut future = std::pin::pin!(future);
    let mut cx = std::task::Context::from_waker(std::task::Waker::noop());
    loop {
        if let std::task::Poll::Ready(result) = future.as_mut().poll(&mut cx) {
            return result;
        }
    }
}

fn main() {
END
    for number in $(seq "$FUNCTIONS"); do
        case $((number % 5)) in
        0) echo "println!(\"{:?}\", function$number(1));" ;;
        1) echo "println!(\"{:?}\", function$number(\"a\"));" ;;
        2) echo "println!(\"{:?}\", function$number(Key$number(1), String::new()));" ;;
        3) echo "println!(\"{:?}\", function$number(vec![1], Key$number(1)));" ;;
        *) echo "println!(\"{:?}\", block(function$number(1, Key$number(2))));" ;;
        esac
    done
    echo '}'
}

ttl() {
    case $1 in
    memofn) echo 'ttl = "60s"' ;;
    cached) echo 'ttl_secs = 60' ;;
    esac
}

# milliseconds COMMAND...: prints how long it takes. Its output is shown only if it fails.
milliseconds() {
    local start end
    start=$(date +%s%N)
    "$@" >"$work/log" 2>&1 || { cat "$work/log" >&2; exit 1; }
    end=$(date +%s%N)
    echo "$(((end - start) / 1000000))"
}

# user_milliseconds COMMAND...: prints the time of the processor that it takes.
user_milliseconds() {
    local TIMEFORMAT=%3U seconds
    seconds=$({ time "$@" >"$work/log" 2>&1 || cat "$work/log" >&2; } 2>&1)
    awk -v s="$seconds" 'BEGIN { printf "%d\n", 1000 * s }'
}

declare -A least
# record NAME MILLISECONDS: keeps the minimum.
record() {
    local known=${least[$1]:-}
    if [ -z "$known" ] || [ "$2" -lt "$known" ]; then
        least[$1]=$2
    fi
}

declare -A one many crates
mkdir -p "$work"
for peer in "${PEERS[@]}"; do
    one[$peer]=$(one_function "$peer" | crate "$peer" one)
    crates[$peer]=$(cargo tree --offline --manifest-path "${one[$peer]}/Cargo.toml" -e normal,build \
        --prefix none --no-dedupe | sed 's/ (.*//' | grep -v '^user ' | sort -u | wc -l)
done

# The builds of many functions: `cargo check`, a debug build, a release build.
builds() {
    local manifest=${many[$1]}/Cargo.toml
    "$2" check "$1" cargo check --offline --manifest-path "$manifest"
    "$2" dev "$1" cargo build --offline --manifest-path "$manifest"
    "$2" optimised "$1" cargo build --offline --release --manifest-path "$manifest"
}

# Builds the dependencies.
prepare() {
    "${@:3}" >"$work/log" 2>&1 || { cat "$work/log" >&2; exit 1; }
}

measure() {
    touch "${many[$2]}/src/main.rs"
    record "$2 $1" "$(user_milliseconds "${@:3}")"
}

for peer in memofn cached; do
    many[$peer]=$(many_functions "$peer" | crate "$peer" many)
    builds "$peer" prepare
done

for round in $(seq "$ROUNDS"); do
    echo "round $round of $ROUNDS" >&2
    for peer in "${PEERS[@]}"; do
        [ "$CLEAN" = yes ] || continue
        manifest=${one[$peer]}/Cargo.toml
        rm -rf "${one[$peer]}/target"
        record "$peer debug" "$(milliseconds cargo build --offline --manifest-path "$manifest")"
        rm -rf "${one[$peer]}/target"
        record "$peer release" "$(milliseconds cargo build --offline --release --manifest-path "$manifest")"
    done
    for peer in memofn cached; do
        builds "$peer" measure
    done
done
for peer in memofn cached; do
    least["$peer binary"]=$(($(stat --format=%s "${many[$peer]}/target/debug/user") / 1000))
done

# row TITLE SUFFIX UNIT: the figures of all peers, and the ratio of ours to each. A peer may have none.
row() {
    local peer value ours=${least["memofn $2"]}
    printf '| %-35s |' "$1"
    for peer in "${PEERS[@]}"; do
        value=${least["$peer $2"]:-}
        awk -v a="$value" -v b="$3" -v digits="$(($3 > 1 ? 2 : 0))" \
            'BEGIN { if (a == "") printf "        - |"; else printf " %8." digits "f |", a / b }'
    done
    for peer in cached memoize; do
        awk -v a="$ours" -v b="${least["$peer $2"]:-}" \
            'BEGIN { if (b == "") printf "         - |"; else printf " %9.2f |", a / b }'
    done
    echo
}

for peer in "${PEERS[@]}"; do
    least["$peer crates"]=${crates[$peer]}
done
echo "|                                     |   memofn |   cached |  memoize | / cached | / memoize |"
echo "|-------------------------------------|---------:|---------:|---------:|----------:|----------:|"
row "crates in the default build" crates 1
if [ "$CLEAN" = yes ]; then
    row "clean build, one function, debug, s" debug 1000
    row "the same, release, s" release 1000
fi
row "check of $FUNCTIONS functions, user s" check 1000
row "debug build of them, user s" dev 1000
row "release build of them, user s" optimised 1000
row "their debug binary, MB" binary 1000
