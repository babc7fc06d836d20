#!/usr/bin/env bash
# Gets leaktrace for the action: the released archive for this platform, checked against the
# release's list of SHA-256 sums and, where that can be asked, against its build provenance; where
# there is no release for this version or platform, a locked build of the action's own source.
# Nothing of the repository that is scanned is run, and no tool is started in its folder, where its
# settings (.cargo/config.toml, rust-toolchain.toml, .git/config) would count.
#
#   install.sh resolve   which version, which archive, which sum: to $GITHUB_OUTPUT
#   install.sh install   the archive from the cache or the release, verified; else the build
#
# Reads RUNNER_OS, RUNNER_ARCH, RUNNER_TEMP, GITHUB_OUTPUT, and for
#   resolve: INPUT_VERSION, ACTION_REF, ACTION_REPOSITORY, GITHUB_REPOSITORY, GITHUB_SERVER_URL,
#            LEAKTRACE_DOWNLOAD (a mirror of releases: an https: or file: address below which
#            vVERSION/FILE lies)
#   install: PLAN_* (what resolve wrote), INPUT_REQUIRE_ATTESTATION, GH_TOKEN
set -euo pipefail

home=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)

# Workflow commands end at a line break and treat % as an escape; nothing that came from outside
# may begin one of its own.
command_text() {
  # In forms that bash 3.2, macOS's, reads as later ones do.
  local text=${1//[%]/%25} cr=$'\r' lf=$'\n'
  text=${text//$cr/%0D}
  text=${text//$lf/%0A}
  printf '%s' "$text"
}
notice() { printf '::notice title=leaktrace::%s\n' "$(command_text "$1")"; }
warning() { printf '::warning title=leaktrace::%s\n' "$(command_text "$1")"; }
fail() {
  printf '::error title=leaktrace::%s\n' "$(command_text "$1")"
  exit 2
}

output() {
  local value=${2//[$'\r\n']/ }
  printf '%s=%s\n' "$1" "$value" >> "$GITHUB_OUTPUT"
}

# A value of the [package] table in the action's own Cargo.toml.
manifest() {
  sed -n "s/^$1 = \"\\([^\"]*\\)\".*/\\1/p" "$home/Cargo.toml" | head -n 1
}

# A path as programs of this system understand it: Git's bash on Windows has its own.
native() {
  if command -v cygpath >/dev/null; then cygpath -m "$1"; else printf '%s' "$1"; fi
}

sum_of() {
  if command -v sha256sum >/dev/null; then
    sha256sum < "$1" | cut -d ' ' -f 1
  else
    shasum -a 256 < "$1" | cut -d ' ' -f 1
  fi
}

# Gets $1 to the file $2. 0: it is there; 1: there is no such file; else the address cannot be read.
download() {
  local protocols='=https' code=0 status
  case ${PLAN_BASE:-$base} in file:*) protocols='=https,file' ;; esac
  # -q first: no settings of the machine's user.
  status=$(cd "$work" && curl -q --silent --show-error --location --proto "$protocols" --proto-redir '=https' \
    --retry 3 --connect-timeout 20 --max-time 600 --max-filesize 268435456 \
    --output "$(native "$2")" --write-out '%{http_code}' -- "$1") || code=$?
  if [ "$code" -eq 37 ]; then return 1; fi
  if [ "$code" -ne 0 ]; then return 3; fi
  case $status in
    000 | 200) return 0 ;; # file: has no status
    404 | 410) return 1 ;;
    *) return 3 ;;
  esac
}

# The target triple that releases are named after; nothing where none is built.
target() {
  case $RUNNER_OS-$RUNNER_ARCH in
    Linux-X64) printf 'x86_64-unknown-linux-%s' "$(libc)" ;;
    Linux-ARM64) printf 'aarch64-unknown-linux-%s' "$(libc)" ;;
    macOS-X64) printf x86_64-apple-darwin ;;
    macOS-ARM64) printf aarch64-apple-darwin ;;
    # Windows on ARM runs programs for x86-64 as well.
    Windows-X64 | Windows-ARM64) printf x86_64-pc-windows-msvc ;;
  esac
}

# Released programs for glibc need 2.35, the one of Ubuntu 22.04; the static ones need nothing.
libc() {
  local version
  version=$(getconf GNU_LIBC_VERSION 2>/dev/null | sed -n 's/^glibc \([0-9]*\.[0-9]*\).*/\1/p') || true
  if [ -n "$version" ] && awk -v v="$version" 'BEGIN { split(v, p, "."); exit !(p[1] > 2 || (p[1] == 2 && p[2] >= 35)) }'; then
    printf gnu
  else
    printf musl
  fi
}

# The commit that a tag of the action's repository leads to; nothing where nobody can say.
commit_of_tag() {
  local lines
  lines=$(cd "$work" && GIT_TERMINAL_PROMPT=0 git -c credential.helper= ls-remote -- \
    "$server/$repository" "refs/tags/$1" "refs/tags/$1^{}" 2>/dev/null) || return 0
  # Of an annotated tag, the commit is the second line.
  printf '%s\n' "$lines" | awk 'NF { id = $1 } END { print id }'
}

# Which version to get: sets `version` and, where there is nothing to get, `why`.
choose_version() {
  local ref=${ACTION_REF:-} exact='^v?([0-9]+\.[0-9]+\.[0-9]+(-[0-9A-Za-z.-]+)?)$' at
  version=$(manifest version)
  if [ -n "${INPUT_VERSION:-}" ]; then
    if [[ ! $INPUT_VERSION =~ $exact ]]; then
      fail "version: '$INPUT_VERSION' is no version; write one as 1.2.3"
    fi
    version=${BASH_REMATCH[1]}
  elif [[ $ref =~ $exact ]]; then
    version=${BASH_REMATCH[1]}
  elif [[ $ref =~ ^[0-9a-f]{40}([0-9a-f]{24})?$ ]]; then
    # Pinned by hash: the release is this commit's if its tag leads here.
    if [ -z "${LEAKTRACE_DOWNLOAD:-}" ]; then
      at=$(commit_of_tag "v$version")
      if [ "$at" = "$ref" ]; then
        source_commit=$ref
      elif [ -n "$at" ]; then
        why="the action is pinned to ${ref:0:10}, which is not the commit of v$version"
      else
        why="there is no tag v$version in $repository, or it cannot be asked"
      fi
    fi
  elif [ -n "$ref" ] && [[ ! $ref =~ ^v?[0-9]+(\.[0-9]+)?$ ]]; then
    why="'$ref' is no version of the action"
  fi
}

resolve() {
  repository=${ACTION_REPOSITORY:-$GITHUB_REPOSITORY}
  server=${GITHUB_SERVER_URL:-https://github.com}
  local version='' why='' source_commit='' triple archive='' sum='' got=0
  choose_version
  local tag="v$version"
  base=${LEAKTRACE_DOWNLOAD:-$server/$repository/releases/download}
  base=${base%/}/$tag
  triple=$(target)
  if [ -z "$why" ] && [ -z "$triple" ]; then
    why="there is no release for $RUNNER_OS on $RUNNER_ARCH"
  fi
  if [ -z "$why" ]; then
    archive=leaktrace-$version-$triple.tar.gz
    case $triple in *windows*) archive=${archive%.tar.gz}.zip ;; esac
    download "$base/SHA256SUMS" "$work/SHA256SUMS" || got=$?
    case $got in
      0) sum=$(awk -v name="$archive" '{ sub(/\r$/, "") } $2 == name || $2 == "*" name { print $1 }' "$work/SHA256SUMS") ;;
      1) why="there is no release $tag" ;;
      *) fail "cannot read the release $tag at $base" ;;
    esac
    if [ -z "$why" ] && [ -z "$sum" ]; then
      why="the release $tag has nothing for $triple"
    elif [ -z "$why" ] && [[ ! $sum =~ ^[0-9a-f]{64}$ ]]; then
      fail "the list of sums of $tag says no SHA-256 of $archive, or more than one"
    fi
  fi
  if [ -n "$why" ]; then archive=''; fi
  output version "$version"
  output why "$why"
  output base "$base"
  output archive "$archive"
  output sha256 "$sum"
  output repository "$repository"
  output source "$source_commit"
  output folder "$(native "$folder")"
  # The sum is part of the key, so another archive is another entry.
  output key "leaktrace-$version-$RUNNER_OS-$RUNNER_ARCH-${sum:-$(sum_of "$home/Cargo.lock")}"
}

# Checks where the archive was built: by the release workflow of the action's repository, from the
# tag, and from the commit that the action is pinned to.
attest() {
  local file=$1 code=0 said
  local wanted=(--repo "$PLAN_REPOSITORY" --source-ref "refs/tags/v$PLAN_VERSION"
    --signer-workflow "$PLAN_REPOSITORY/.github/workflows/release.yml" --deny-self-hosted-runners)
  if [ -n "${PLAN_SOURCE:-}" ]; then wanted+=(--source-digest "$PLAN_SOURCE"); fi
  if [ "${GITHUB_SERVER_URL:-https://github.com}" != https://github.com ]; then
    unattested "this server keeps no attestations"
    return
  fi
  if ! command -v gh >/dev/null; then
    unattested "gh is not installed"
    return
  fi
  if [ -z "${GH_TOKEN:-}" ]; then
    unattested "there is no token to ask with"
    return
  fi
  said=$(cd "$work" && gh attestation verify "$(native "$file")" "${wanted[@]}" --format json 2>"$work/gh.log") || code=$?
  # Some versions of gh end well where there is no attestation at all: the answer has to name one.
  if [ "$code" -eq 0 ] && [[ $said == *'"verificationResult"'* ]]; then
    echo "build provenance verified: $PLAN_REPOSITORY, release workflow, tag v$PLAN_VERSION"
    return
  fi
  if [ "$code" -eq 4 ] || grep -qiE 'unknown (flag|command)|HTTP (401|403|429|5[0-9][0-9])|rate limit|dial tcp|no such host|timeout|TLS handshake|connection (refused|reset)' "$work/gh.log"; then
    unattested "gh could not ask: $(head -n 1 "$work/gh.log")"
    return
  fi
  sed 's/^/gh: /' "$work/gh.log" | tr -d '\r' | sed 's/::/: :/g'
  fail "the build provenance of $PLAN_ARCHIVE could not be verified; it is not used"
}

unattested() {
  if [ "${INPUT_REQUIRE_ATTESTATION:-false}" != false ]; then
    fail "build provenance not verified: $1, and require-attestation is set"
  fi
  notice "build provenance not verified: $1. The SHA-256 of the release was."
}

# Takes the one program out of a verified archive.
unpack() {
  local name=${PLAN_ARCHIVE%.tar.gz} program=leaktrace
  if [ "$name" = "$PLAN_ARCHIVE" ]; then
    name=${PLAN_ARCHIVE%.zip}
    program=leaktrace.exe
    unzip -q -o "$1" "$name/$program" -d "$work"
  else
    tar -xzf "$1" -C "$work" "$name/$program"
  fi
  if [ ! -f "$work/$name/$program" ] || [ -L "$work/$name/$program" ]; then
    fail "$PLAN_ARCHIVE has no program in it"
  fi
  mkdir -p "$folder/bin"
  mv -f "$work/$name/$program" "$folder/bin/$program"
  chmod 755 "$folder/bin/$program"
  output program "$(native "$folder/bin/$program")"
}

from_release() {
  local cached=$folder/cache/$PLAN_ARCHIVE got=0 fetched=false
  mkdir -p "$folder/cache"
  if [ -e "$cached" ] && { [ -L "$cached" ] || [ "$(sum_of "$cached")" != "$PLAN_SHA256" ]; }; then
    warning "what the cache held for $PLAN_ARCHIVE has another SHA-256 than the release: it is thrown away"
    rm -rf "$cached"
  fi
  if [ ! -e "$cached" ]; then
    download "$PLAN_BASE/$PLAN_ARCHIVE" "$work/archive" || got=$?
    if [ "$got" -ne 0 ]; then fail "cannot get $PLAN_BASE/$PLAN_ARCHIVE"; fi
    if [ "$(sum_of "$work/archive")" != "$PLAN_SHA256" ]; then
      fail "$PLAN_ARCHIVE has another SHA-256 than the release says; it is not used"
    fi
    mv "$work/archive" "$cached"
    fetched=true
  fi
  echo "SHA-256 verified: $PLAN_SHA256  $PLAN_ARCHIVE"
  attest "$cached"
  output fetched "$fetched"
  unpack "$cached"
}

from_source() {
  local rust program=leaktrace
  notice "$PLAN_WHY: leaktrace is built from the source of the action, which takes some minutes"
  if [ "${INPUT_REQUIRE_ATTESTATION:-false}" != false ]; then
    fail "a build has no attestation, and require-attestation is set"
  fi
  if [ -n "${INPUT_VERSION:-}" ] && [ "$PLAN_VERSION" != "$(manifest version)" ]; then
    fail "there is nothing to get for version $PLAN_VERSION, and the source of the action is $(manifest version)"
  fi
  if ! command -v cargo >/dev/null; then
    fail "to build leaktrace, Rust has to be on the runner"
  fi
  if [ "$RUNNER_OS" = Windows ]; then program=leaktrace.exe; fi
  cd "$home"
  rust=$(manifest rust-version)
  if command -v rustup >/dev/null; then
    rustup toolchain install "$rust" --profile minimal --no-self-update
    export RUSTUP_TOOLCHAIN=$rust
  fi
  cargo install --locked --path "$(native "$home")" --root "$(native "$folder")" \
    --target-dir "$(native "$work/target")" --bin leaktrace --force --quiet
  output fetched false
  output program "$(native "$folder/bin/$program")"
}

folder=${RUNNER_TEMP//\\//}/leaktrace-action
mkdir -p "$folder"
work=$(mktemp -d "$folder/work.XXXXXX")
trap 'rm -rf "$work"' EXIT

case ${1:-} in
  resolve) resolve ;;
  install) if [ -n "${PLAN_ARCHIVE:-}" ]; then from_release; else from_source; fi ;;
  *) fail "install.sh: resolve or install" ;;
esac
