#!/usr/bin/env bash
# Runs `leaktrace ci` with the flags that the action's inputs ask for, and keeps its exit code for
# the last step, so that reports are uploaded first. Inputs come as INPUT_* and are only ever single
# words of an argument list; lists among them are split at commas and line breaks.
#
# Reads PROGRAM, INPUT_*, RUNNER_TEMP, GITHUB_OUTPUT, EVENT_HEAD (the repository that a pull request
# comes from), GITHUB_REPOSITORY, GITHUB_ACTOR, GITHUB_EVENT_NAME.
set -euo pipefail

fail() {
  local text=${1//[%]/%25} cr=$'\r' lf=$'\n'
  text=${text//$cr/%0D}
  text=${text//$lf/%0A}
  printf '::error title=leaktrace::%s\n' "$text"
  output status 64
  exit 0 # the last step ends the job with the status
}
output() {
  local value=${2//[$'\r\n']/ }
  printf '%s=%s\n' "$1" "$value" >> "$GITHUB_OUTPUT"
}

native() {
  if command -v cygpath >/dev/null; then cygpath -m "$1"; else printf '%s' "$1"; fi
}

# The parts of a list, one a line, without spaces around them and without empty ones.
parts() {
  printf '%s\n' "$1" | tr -d '\r' | tr ',' '\n' | sed 's/^[[:space:]]*//; s/[[:space:]]*$//; /^$/d'
}

# The name that a report of a format goes by.
file_of() {
  case $1 in
    sarif) echo leaktrace.sarif ;;
    json | jsonl | csv | html) echo "leaktrace.$1" ;;
    gitlab) echo gl-secret-detection-report.json ;;
    text) echo leaktrace.txt ;;
    markdown) echo leaktrace.md ;;
    *) return 1 ;;
  esac
}

# Whether the token of this run can upload to code scanning: those of pull requests from forks and
# of Dependabot only read.
may_upload() {
  case ${INPUT_UPLOAD_SARIF:-auto} in
    true) return 0 ;;
    auto) ;;
    *) return 1 ;;
  esac
  case ${GITHUB_EVENT_NAME:-} in
    pull_request*) [ "${EVENT_HEAD:-}" = "${GITHUB_REPOSITORY:-}" ] || return 1 ;;
  esac
  [ "${GITHUB_ACTOR:-}" != 'dependabot[bot]' ]
}

args=(ci)
# Adds --$1=VALUE where the input has a value: as one word, a value that begins with a dash is none.
flag() { if [ -n "$2" ]; then args+=("--$1=$2"); fi; }

config=${INPUT_CONFIG:-}
if [ -n "${INPUT_IDENTITY:-}" ]; then
  if [ -n "$config" ] && [ "$config" != "$INPUT_IDENTITY" ]; then
    fail "identity and config name two files; a scan has one configuration, so put both into one"
  fi
  config=$INPUT_IDENTITY
fi
flag range "${INPUT_RANGE:-}"
flag fetch "${INPUT_FETCH:-}"
flag comment "${INPUT_COMMENT:-}"
flag annotations "${INPUT_ANNOTATIONS:-}"
flag summary "${INPUT_SUMMARY:-}"
flag fail-on "${INPUT_FAIL_ON:-}"
flag confidence "${INPUT_CONFIDENCE:-}"
flag config "$config"
flag baseline "${INPUT_BASELINE:-}"
flag alerts "${INPUT_ALERTS:-}"
flag evidence "${INPUT_EVIDENCE:-}"
while IFS= read -r part; do flag rules "$part"; done < <(parts "${INPUT_RULES:-}")
while IFS= read -r part; do flag accept-incomplete "$part"; done < <(parts "${INPUT_ACCEPT_INCOMPLETE:-}")
case ${INPUT_ISOLATED:-false} in
  true) args+=(--isolated) ;;
  false) ;;
  *) fail "isolated: write true or false" ;;
esac
case ${INPUT_UPLOAD_SARIF:-auto} in
  auto | true | false) ;;
  *) fail "upload-sarif: write auto, true or false" ;;
esac

# Outside of the checkout, where the reports would be scanned next time.
if [ -n "${INPUT_OUTPUT_DIR:-}" ]; then
  reports=${INPUT_OUTPUT_DIR//\\//}
  case $reports in -*) reports=./$reports ;; esac
  mkdir -p -- "$reports"
else
  reports=$(mktemp -d "${RUNNER_TEMP//\\//}/leaktrace.XXXXXX")
fi
reports=$(native "$(cd -- "$reports" && pwd)")
sarif=
while IFS= read -r format; do
  file=$(file_of "$format") || fail "formats: '$format' is none of sarif, json, jsonl, csv, html, gitlab, text, markdown"
  args+=("--output=$format=$reports/$file")
  if [ "$format" = sarif ]; then sarif=$reports/$file; fi
done < <(parts "${INPUT_FORMATS:-}")
args+=(-- "${INPUT_PATH:-.}")

# What the job has set already stays where the input is empty.
if [ -n "${INPUT_FINGERPRINT_KEY:-}" ]; then export LEAKTRACE_FINGERPRINT_KEY=$INPUT_FINGERPRINT_KEY; fi
if [ -n "${INPUT_PSEUDONYM_KEY:-}" ]; then export LEAKTRACE_PSEUDONYM_KEY=$INPUT_PSEUDONYM_KEY; fi
unset INPUT_FINGERPRINT_KEY INPUT_PSEUDONYM_KEY
# Git's bash on Windows would rewrite arguments that look like paths.
export MSYS2_ARG_CONV_EXCL='*' MSYS_NO_PATHCONV=1

status=0
"$PROGRAM" "${args[@]}" || status=$?
output status "$status"
output reports "$reports"
# Code scanning closes the alerts that a newer report does not have, so only one without gaps goes
# there: leaktrace names that one in its output.
complete=false
if grep -q '^sarif=.' "$GITHUB_OUTPUT"; then complete=true; fi
if [ -n "$sarif" ] && "$complete" && may_upload; then output upload true; else output upload false; fi
if [ -n "$sarif" ] && [ -s "$sarif" ]; then output sarif-file "$sarif"; fi
