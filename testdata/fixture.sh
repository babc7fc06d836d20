#!/usr/bin/env bash
# Makes a small git repository with leaked credentials in the places where they hide: a file that is
# gone from the tip, base64, an archive, a commit message, a tag, a merge, the stash. Dates and names
# are fixed; the secrets are made on the spot and open nothing.
#
#   testdata/fixture.sh DIRECTORY
set -euo pipefail
directory=${1:?usage: testdata/fixture.sh DIRECTORY}
mkdir -p "$directory"
cd "$directory"

export GIT_CONFIG_NOSYSTEM=1 GIT_CONFIG_GLOBAL=/dev/null LC_ALL=C TZ=UTC
export GIT_AUTHOR_NAME='Ada Example' GIT_AUTHOR_EMAIL=ada@example.com
export GIT_COMMITTER_NAME='Ada Example' GIT_COMMITTER_EMAIL=ada@example.com

random() { head -c 9999 /dev/urandom | base64 | tr -dc A-Za-z0-9 | head -c "$1" || true; }
at() { export GIT_AUTHOR_DATE="$1T10:00:00Z" GIT_COMMITTER_DATE="$1T10:00:00Z"; }
commit() { git add -A && git commit -q -m "$1"; }

at 2026-01-05
git init -q -b main .
echo "STRIPE_KEY=sk_live_$(random 99)" > .env
commit 'Add settings'

at 2026-01-06
git rm -q .env && echo .env > .gitignore
commit 'Settings do not belong here'

at 2026-01-07
mkdir -p deploy
printf 'url: %s\n' "$(printf 'postgres://app:%s@db.internal.net/app' "$(random 20)" | base64 | tr -d '\n')" > deploy/db.yml
printf 'SENDGRID_KEY=SG.%s.%s\n' "$(random 22)" "$(random 43)" | gzip -n > deploy/old.env.gz
commit 'Deploy'

at 2026-01-08
echo 'done' > notes.txt
commit "Try the new key

It is rk_live_$(random 99), please do not tell anyone."
git tag -a v1.0 -m "First release, signed in with pul-$(head -c 20 /dev/urandom | od -An -tx1 | tr -d ' \n')"

at 2026-01-09
git checkout -q -b feature
echo feature > feature.txt
commit 'A feature'
git checkout -q main
at 2026-01-10
echo more >> notes.txt
commit 'More notes'
at 2026-01-11
git merge -q --no-commit --no-ff feature 2>/dev/null
echo "token = 'glpat-$(random 20)'" > merged.py
commit 'Merge the feature, and a little more'

at 2026-01-12
echo "export DIGITALOCEAN_TOKEN=dop_v1_$(head -c 32 /dev/urandom | od -An -tx1 | tr -d ' \n')" > draft.sh
git stash push -q -u
git gc -q
