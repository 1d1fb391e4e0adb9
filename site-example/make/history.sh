#!/usr/bin/env bash
# Writes ../promotions.jsonl and ../verdicts: asks the gate about versions of the example as of days on which
# somebody would have asked, each time with the drift windows that were there on that day.
#
#   ./history.sh [PRESSCHECK]
#
# Everything in those files is what the gate wrote. The same tool and evidence give the same bytes.
set -euo pipefail
presscheck=$(realpath "$(command -v "${1:-presscheck}")")
cd "$(dirname "$0")/.."
rm -rf verdicts promotions.jsonl
day=$(mktemp -d)
trap 'rm -rf "$day"' EXIT

# ask MOMENT LAST_WEEK MODEL@VERSION STAGE [record] [json]
ask() {
  local at=$1 week=$2 subject=$3 stage=$4
  shift 4
  rm -rf "$day/project" && mkdir "$day/project"
  cp -r presscheck.toml runs mlruns "$day/project/"
  [ ! -e promotions.jsonl ] || cp promotions.jsonl "$day/project/"
  local folder="$day/project/runs/${subject/@//}/drift"
  for window in "$folder"/*2026-w*.json; do
    [ -e "$window" ] || continue
    number=${window##*2026-w}
    [ "${number%.json}" -le "$week" ] || rm "$window"
  done
  local flags=()
  for wish in "$@"; do
    case $wish in
      record) flags+=(--record) ;;
      json) flags+=(--out "json=verdicts/${subject/@/-}-$stage-${at%%T*}.json") ;;
    esac
  done
  # Without the variables of a build server, which would end up in the verdict.
  env -i PATH="$PATH" "$presscheck" gate -C "$day/project" "$subject" --stage "$stage" --as-of "$at" --out human "${flags[@]}" || true
  [ ! -e "$day/project/promotions.jsonl" ] || cp "$day/project/promotions.jsonl" .
  [ ! -d "$day/project/verdicts" ] || cp -r "$day/project/verdicts" .
}

ask 2026-10-19T09:00:00Z 42 breast-cancer-screen@1.4.0  staging    record
ask 2026-10-26T08:30:00Z 43 digit-reader@0.4.0          staging    record
ask 2026-11-02T09:15:00Z 44 breast-cancer-screen@1.4.0  production record json
ask 2026-11-09T08:30:00Z 45 digit-reader@0.4.0          production record json
ask 2026-11-13T14:00:00Z 46 diabetes-progression@2026.4 staging    record
ask 2026-11-16T09:00:00Z 46 breast-cancer-screen@1.4.0  production record json
ask 2026-11-16T09:30:00Z 46 digit-reader@0.4.0          production record
ask 2026-11-16T10:00:00Z 46 diabetes-progression@2026.4 production json
