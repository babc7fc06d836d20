#!/bin/sh
# Makes a git repository with a credential in every kind of place that leaktrace reads.
#
# Usage: fixture.sh FOLDER [SEED]
#
# FOLDER must not exist. The same SEED (default: leaktrace) gives the same repository, commit by
# commit: dates and people are fixed, and the credentials are derived from the seed while the script
# runs, so that none is stored here. They have the format of real ones, checksum included, and open
# nothing.
set -eu

folder=${1:?usage: fixture.sh FOLDER [SEED]}
seed=${2:-leaktrace}
test ! -e "$folder" || { echo "$folder is there already" >&2; exit 64; }

# No configuration but what this script gives.
HOME=$(mktemp -d)
trap 'rm -rf "$HOME"' EXIT
export HOME GIT_CONFIG_NOSYSTEM=1 GIT_CONFIG_GLOBAL=/dev/null LC_ALL=C
export GIT_AUTHOR_NAME='Ada Author' GIT_AUTHOR_EMAIL=ada@author.test
export GIT_COMMITTER_NAME='Carl Committer' GIT_COMMITTER_EMAIL=carl@committer.test
unset GIT_DIR GIT_WORK_TREE GIT_INDEX_FILE GIT_OBJECT_DIRECTORY XDG_CONFIG_HOME 2>/dev/null || true

clock=1700000000
tick() {
    clock=$((clock + 86400))
    export GIT_AUTHOR_DATE="@$clock +0200" GIT_COMMITTER_DATE="@$clock +0200"
}

# COUNT characters of ALPHABET (as tr writes sets), derived from the seed and a LABEL.
random() {
    digits=''
    round=0
    while test "$(printf %s "$digits" | wc -c)" -lt "$1"; do
        block=$(printf '%s/%s/%s' "$seed" "$3" "$round" | openssl dgst -sha512 -binary |
            openssl base64 -A | tr -cd "$2")
        digits=$digits$block
        round=$((round + 1))
    done
    printf %s "$digits" | cut -c "1-$1"
}

# A GitHub token: 30 random characters and their CRC-32 in base 62. gzip ends with that checksum,
# least significant byte first.
token() {
    body=$(random 30 A-Za-z0-9 "$1")
    set -- $(printf %s "$body" | gzip -c | tail -c 8 | od -An -tu1)
    rest=$(($1 + $2 * 256 + $3 * 65536 + $4 * 16777216))
    alphabet=0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz
    sum=''
    for _ in 1 2 3 4 5 6; do
        sum=$(printf %s "$alphabet" | cut -c "$((rest % 62 + 1))")$sum
        rest=$((rest / 62))
    done
    printf 'gh''p_%s%s' "$body" "$sum"
}

commit() {
    tick
    git add --all
    git commit --quiet -m "$1"
}

git -c init.defaultBranch=main init --quiet "$folder"
cd "$folder"
git config gc.auto 0
git config maintenance.auto false
git remote add origin "https://deploy:$(random 20 a-z0-9 remote)@git.test/example/fixture.git"

printf '# Fixture\n' > README.md
commit 'First'

# Kept, moved and copied.
printf 'AWS_ACCESS_KEY_ID=AK''IA%s\nAWS_SECRET_ACCESS_KEY=%s\n' \
    "$(random 16 A-Z2-7 aws-id)" "$(random 40 A-Za-z0-9 aws-secret)" > deploy.env
commit 'Deploy'
mkdir config
git mv deploy.env config/deploy.env
commit 'Move'

# Taken out again.
printf 'token: %s\n' "$(token removed)" > settings.yml
commit 'Use a token'
printf 'token: from-the-vault\n' > settings.yml
commit 'Take the token out'

# Encoded and compressed.
mkdir k8s
printf 'apiVersion: v1\nkind: Secret\ndata:\n  config: %s\n' \
    "$(printf 'token: %s\n' "$(token encoded)" | openssl base64 -A)" > k8s/secret.yaml
printf 'GET / token=%s\n' "$(token compressed)" | gzip -nc > access.log.gz
commit 'Secrets of the cluster'

# In a message, in a file name, in a tag.
printf 'x\n' > "dump.$(token name).sql"
commit "Log in with $(token message)"
tick
git tag -a v1 -m 'Version 1' -m "Published with $(token tag)"

# Brought in by a merge alone.
git checkout --quiet -b side
printf 'side\n' > side.txt
commit 'Side'
git checkout --quiet main
printf 'main\n' > main.txt
commit 'Main'
git merge --quiet --no-ff --no-commit side > /dev/null
printf 'main %s\n' "$(token merge)" > main.txt
commit 'Merge'

# In a note, a stash, a pull request, a reflog, and where nothing leads.
tick
git notes add -m "Deployed with $(token note)"
printf 'token: %s\n' "$(token stash)" > settings.yml
tick
git stash push --quiet
git checkout --quiet --detach
printf 'token: %s\n' "$(token pull)" > pull.yml
commit 'From a fork'
git update-ref refs/pull/1/head HEAD
git checkout --quiet main
printf 'token: %s\n' "$(token reset)" > oops.yml
commit 'Oops'
git reset --quiet --hard HEAD~1
printf 'token: %s\n' "$(token dangling)" | git hash-object -w --stdin > /dev/null

# In the working tree: staged, untracked, ignored.
printf 'token: %s\n' "$(token staged)" > staged.yml
git add staged.yml
printf 'token: %s\n' "$(token untracked)" > untracked.yml
printf '*.log\n' > .git/info/exclude
printf 'token: %s\n' "$(token ignored)" > ignored.log
