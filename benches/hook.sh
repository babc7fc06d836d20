#!/usr/bin/env bash
# How long a commit waits for the hook: a repository of 50,000 files, ten of them changed and staged,
# twenty runs from the start of the process to its end. Prints the median and the fastest, ms.
#
#   benches/hook.sh [LEAKTRACE]
set -euo pipefail
leaktrace=$(realpath "${1:-target/release/leaktrace}")
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
git init --quiet .
python3 - <<'PY'
import os
for number in range(50_000):
    folder = f"d{number % 200}/e{number % 17}"
    os.makedirs(folder, exist_ok=True)
    with open(f"{folder}/f{number}.py", "w") as out:
        out.write(f"def f{number}():\n    return {number}\n" * 20)
PY
git add --all
git -c gc.auto=0 -c maintenance.auto=false -c user.name=a -c user.email=a@b.c commit --quiet -m "All"
# As a clone has it; git itself packs after a few thousand objects.
git gc --quiet
find . -name 'f1????.py' | sort | sed -n 1,10p | while read -r file; do echo "x = 1" >> "$file"; done
git add --all
LEAKTRACE="$leaktrace" python3 - <<'PY'
import os, statistics, subprocess, time
times = []
for _ in range(20):
    start = time.perf_counter()
    subprocess.run([os.environ["LEAKTRACE"], "hook", "run", "pre-commit"], check=True)
    times.append((time.perf_counter() - start) * 1000)
print(f"median {statistics.median(times):.0f} ms, fastest {min(times):.0f} ms")
PY
