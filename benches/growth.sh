#!/usr/bin/env bash
# How the cost of a scan grows with a file that grows by a line a commit: a file of 1 MB, then so
# many commits that append one line each. Prints for each number of commits the bytes that git can
# unpack, the bytes that were ever written, and the CPU seconds of decoding and of the whole scan.
#
#   benches/growth.sh [COMMITS...]      # default: 1000 2500 5000 10000
#
# LEAKTRACE names the program, FOREST the decode-only bench (target/release/deps/forest-…).
set -euo pipefail
cd "$(dirname "$0")/.."
leaktrace=$(realpath "${LEAKTRACE:-target/release/leaktrace}")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export GIT_CONFIG_NOSYSTEM=1 GIT_CONFIG_GLOBAL=/dev/null

history() {
    awk -v commits="$1" 'BEGIN {
        srand(7)
        for (n = 0; n < 20000; n++) {
            line = sprintf("%05d the value of setting %d is %d and so on", n, rand() * 100000, rand() * 100000)
            text = text line "\n"
        }
        size = length(text)
        for (commit = 1; commit <= commits; commit++) {
            text = text sprintf("appended in commit %d: option_%d = %d\n", commit, rand() * 1000, rand() * 100000)
            message = "Append " commit
            printf "commit refs/heads/main\ncommitter C <c@example.org> %d +0000\n", 1700000000 + commit * 60
            printf "data %d\n%s\n", length(message), message
            printf "M 100644 inline log.txt\ndata %d\n%s\n", length(text), text
        }
    }'
}

printf '%8s %12s %12s %10s %10s\n' commits unpacked written 'decode s' 'scan s'
for commits in "${@:-1000 2500 5000 10000}"; do
    for count in $commits; do
        repo=$work/$count.git
        git init --quiet --bare "$repo"
        history "$count" | git -C "$repo" -c fastimport.unpackLimit=0 fast-import --quiet
        unpacked=$(git -C "$repo" cat-file --batch-all-objects --unordered --batch-check='%(objecttype) %(objectsize)' |
            awk '$1 == "blob" { sum += $2 } END { print sum }')
        written=$(git -C "$repo" cat-file -s main:log.txt)
        decode=-
        if [[ -n ${FOREST:-} ]]; then
            decode=$("$FOREST" "$repo" | sed -n 's/.*: blobs: .*, \([0-9.]*\) s of CPU time.*/\1/p' | head -1)
        fi
        TIMEFORMAT='%U %S'
        cpu=$({ time "$leaktrace" scan "$repo" --history-only --fail-on never > "$work/out" 2>&1; } 2>&1 |
            awk '{ print $1 + $2 }')
        printf '%8s %12s %12s %10s %10s\n' "$count" "$unpacked" "$written" "$decode" "$cpu"
        rm -rf "$repo"
    done
done
