#!/usr/bin/env bash
# The footprint of the crate, of `cached` and of `memoize`: crates in the default build, a clean build of a
# crate with one memoized function, and `cargo check` of a crate with 200 of them, after its dependencies
# have been checked. Peers take turns, and the minimum of each is shown.
#
#   benches/footprint.sh [ROUNDS]
#
# Works in target/footprint. Needs the network only to fetch dependencies.
set -euo pipefail
cd "$(dirname "$0")/.."

readonly ROUNDS=${1:-3}
readonly PEERS=(memofn cached memoize)
readonly FUNCTIONS=200
root=$PWD
work=$root/target/footprint
export CARGO_TERM_COLOR=never CARGO_INCREMENTAL=0
unset CARGO_TARGET_DIR

# The dependency on a peer: the version of `benches/Cargo.toml`, with default features.
dependency() {
    if [ "$1" = memofn ]; then
        printf 'memofn = { path = "%s" }\n' "$root"
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
        printf '[package]\nname = "user"\nversion = "0.1.0"\nedition = "2021"\n\n[dependencies]\n'
        dependency "$1"
        printf '\n[workspace]\n'
    } >"$folder/Cargo.toml"
    cp Cargo.lock "$folder/Cargo.lock"
    cat >"$folder/src/main.rs"
    # Reduces this project's lock file to what the crate needs.
    cargo metadata --offline --format-version 1 --manifest-path "$folder/Cargo.toml" >/dev/null 2>&1 ||
        cargo metadata --format-version 1 --manifest-path "$folder/Cargo.toml" >/dev/null
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

# Each function has its own key type, so that no generic code is shared.
many_functions() {
    import "$1"
    local number
    for number in $(seq "$FUNCTIONS"); do
        printf '#[derive(Clone, Debug, PartialEq, Eq, Hash)]\npub struct Key%s(u64);\n' "$number"
        attribute "$1"
        printf 'pub fn function%s(key: Key%s, text: String) -> u64 {\n' "$number" "$number"
        printf '    key.0 + text.len() as u64\n}\n'
    done
    echo 'fn main() {'
    for number in $(seq "$FUNCTIONS"); do
        printf '    println!("{}", function%s(Key%s(1), String::new()));\n' "$number" "$number"
    done
    echo '}'
}

# milliseconds COMMAND...: prints how long it takes. Its output is shown only if it fails.
milliseconds() {
    local start end
    start=$(date +%s%N)
    "$@" >"$work/log" 2>&1 || { cat "$work/log" >&2; exit 1; }
    end=$(date +%s%N)
    echo "$(((end - start) / 1000000))"
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
    many[$peer]=$(many_functions "$peer" | crate "$peer" many)
    crates[$peer]=$(cargo tree --offline --manifest-path "${one[$peer]}/Cargo.toml" -e normal,build \
        --prefix none --no-dedupe | sed 's/ (.*//' | grep -v '^user ' | sort -u | wc -l)
    milliseconds cargo check --manifest-path "${many[$peer]}/Cargo.toml" >/dev/null
done

for round in $(seq "$ROUNDS"); do
    echo "round $round of $ROUNDS" >&2
    for peer in "${PEERS[@]}"; do
        manifest=${one[$peer]}/Cargo.toml
        rm -rf "${one[$peer]}/target"
        record "$peer debug" "$(milliseconds cargo build --offline --manifest-path "$manifest")"
        rm -rf "${one[$peer]}/target"
        record "$peer release" "$(milliseconds cargo build --offline --release --manifest-path "$manifest")"
        touch "${many[$peer]}/src/main.rs"
        record "$peer check" "$(milliseconds cargo check --offline --manifest-path "${many[$peer]}/Cargo.toml")"
    done
done

# row TITLE SUFFIX UNIT: the figures of all peers, and the ratio of ours to each.
row() {
    local peer ours=${least["memofn $2"]}
    printf '| %-35s |' "$1"
    for peer in "${PEERS[@]}"; do
        awk -v a="${least["$peer $2"]}" -v b="$3" -v digits="$(($3 > 1 ? 2 : 0))" \
            'BEGIN { printf " %8." digits "f |", a / b }'
    done
    for peer in cached memoize; do
        awk -v a="$ours" -v b="${least["$peer $2"]}" 'BEGIN { printf " %9.2f |", a / b }'
    done
    echo
}

for peer in "${PEERS[@]}"; do
    least["$peer crates"]=${crates[$peer]}
done
echo "|                                     |   memofn |   cached |  memoize | / cached | / memoize |"
echo "|-------------------------------------|---------:|---------:|---------:|----------:|----------:|"
row "crates in the default build" crates 1
row "clean build, one function, debug, s" debug 1000
row "the same, release, s" release 1000
row "check of $FUNCTIONS functions, s" check 1000
