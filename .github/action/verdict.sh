#!/usr/bin/env bash
# Ends the action as leaktrace ended, after the reports are where they belong. A scan that did not
# come to an end is no clean one.
set -euo pipefail

if [ "${UPLOAD:-}" = failure ]; then
  echo "::warning title=leaktrace::code scanning did not take the report: is it switched on for this repository, and may the job write security-events? The findings stand in the log, the summary and the reports all the same."
fi
case ${STATUS:-} in
  '' | *[!0-9]*)
    echo "::error title=leaktrace::the scan did not run"
    exit 2
    ;;
esac
exit "$STATUS"
