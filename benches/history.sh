#!/usr/bin/env bash
# Whole histories beside what else reads them, in one run on one machine: medians of five, files in
# memory. Give bare repositories with their objects packed.
#
#   benches/history.sh REPOSITORY...
#
# LEAKTRACE names the program, FOREST the decode-only bench (target/release/deps/forest-…), GITLEAKS
# and BETTERLEAKS other scanners to run beside it; what is not named is left out.
set -euo pipefail
runs=${RUNS:-5}
leaktrace=$(realpath "${LEAKTRACE:-target/release/leaktrace}")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export GIT_CONFIG_NOSYSTEM=1 GIT_CONFIG_GLOBAL=/dev/null

# Wall seconds, CPU seconds and peak memory in MB of a command: medians.
measure() {
    local label=$1
    shift
    for ((run = 0; run < runs; run++)); do
        /usr/bin/time -q -f '%e %U %S %M' -o "$work/time" "$@" > "$work/out" 2> "$work/err" || true
        tail -n 1 "$work/time"
    done | awk -v label="$label" '
        { wall[NR] = $1; cpu[NR] = $2 + $3; memory[NR] = $4 / 1024 }
        function median(list, n) { asort_(list, n); return list[int((n + 1) / 2)] }
        function asort_(list, n,    i, j, t) {
            for (i = 2; i <= n; i++) for (j = i; j > 1 && list[j] < list[j - 1]; j--) {
                t = list[j]; list[j] = list[j - 1]; list[j - 1] = t
            }
        }
        END { printf "  %-44s %8.2f s wall %8.2f s CPU %7.0f MB\n", label, median(wall, NR), median(cpu, NR), median(memory, NR) }'
}

to_nothing() {
    git -C "$1" cat-file --batch-all-objects --buffer --unordered --batch > /dev/null
}
export -f to_nothing

for repository in "$@"; do
    repository=$(realpath "$repository")
    pack=$(du -cmL "$repository"/objects/pack/*.pack "$repository"/objects/pack/*.idx | tail -n 1 | cut -f1)
    echo "$(basename "$repository"): pack and index $pack MB"
    if [[ -n ${FOREST:-} ]]; then
        "$FOREST" "$repository" | sed 's/^[^:]*: /  /; s/;.*//'
    fi
    measure 'git cat-file, every object, to nothing' bash -c 'to_nothing "$1"' _ "$repository"
    measure 'leaktrace scan' "$leaktrace" scan "$repository" --history-only --fail-on never
    measure 'leaktrace scan --threads 1' "$leaktrace" scan "$repository" --history-only --fail-on never --threads 1
    head=$(git -C "$repository" rev-parse HEAD)
    measure 'leaktrace scan --range, one commit' "$leaktrace" scan "$repository" --range "$head^..$head" --fail-on never

    # Ten commits on top, as a push brings them: a few loose objects.
    grown=$work/grown.git
    cp -r "$repository" "$grown"
    "$leaktrace" scan "$grown" --history-only --fail-on never --state "$work/state" > "$work/out" 2>&1 || true
    cp "$work/state" "$work/state.before"
    for ((commit = 1; commit <= 10; commit++)); do
        git -C "$grown" read-tree HEAD
        blob=$(printf 'line %d\n' "$commit" | git -C "$grown" hash-object -w --stdin)
        git -C "$grown" update-index --add --cacheinfo "100644,$blob,notes/$commit.txt"
        tree=$(git -C "$grown" write-tree)
        new=$(GIT_AUTHOR_NAME=A GIT_AUTHOR_EMAIL=a@example.org GIT_COMMITTER_NAME=C GIT_COMMITTER_EMAIL=c@example.org \
            git -C "$grown" commit-tree "$tree" -p HEAD -m "Commit $commit")
        git -C "$grown" update-ref HEAD "$new"
    done
    # Each run begins with the state as it was before the ten commits.
    measure 'leaktrace scan --state, ten new commits' bash -c 'cp "$1.before" "$1" && exec "$2" scan "$3" --history-only --fail-on never --state "$1"' \
        _ "$work/state" "$leaktrace" "$grown"
    rm -rf "$grown" "$work/state" "$work/state.before"

    if [[ -n ${GITLEAKS:-} ]]; then
        measure 'gitleaks git' "$GITLEAKS" git --no-banner --exit-code 0 --report-path "$work/report.json" "$repository"
    fi
    if [[ -n ${BETTERLEAKS:-} ]]; then
        measure 'betterleaks git' "$BETTERLEAKS" git --no-banner --exit-code 0 --output "$work/report.json" "$repository"
    fi
done
