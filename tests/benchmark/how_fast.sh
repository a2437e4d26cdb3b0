#!/usr/bin/env bash
# Every speed goal beside what is measured, and beside its reference of the same run: each program in turn, alone on the
# machine, and one table at the end.
#   tests/benchmark/how_fast.sh [--bin DIR] [--folder DIR] [--brief]
# --bin     programs of a release build: cmake --build --preset release --target parallaxd parallax benchmarks
#           (build/release/bin)
# --folder  where daemons store: the disk that is measured (/var/tmp)
# --brief   little of everything: whether all of it runs, with figures that mean nothing
# Exits with 1 where a program failed; a goal that is missed is told in the table. The stores of others, where they are
# installed, are loaded last: compare_stores.py.
set -euo pipefail
cd "$(dirname "$0")/../.."

bin=build/release/bin
folder=/var/tmp
brief=no
while [[ $# -gt 0 ]]; do
  case "$1" in
    --bin) bin=${2:?} && shift ;;
    --folder) folder=${2:?} && shift ;;
    --brief) brief=yes ;;
    *)
      sed -n '2,10s/^# \{0,1\}//p' "$0" >&2
      exit 2
      ;;
  esac
  shift
done

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
failed=()

# run PROGRAM ARGUMENTS...: shows what it prints, and keeps it for the table.
run() {
  printf '\n=== %s\n' "$*"
  "$bin/$1" "${@:2}" 2>"$scratch/errors" | tee -a "$scratch/printed" && return
  cat "$scratch/errors" >&2
  failed+=("$1")
}

# figure PROGRAM BENCHMARK FIELD: of what `run PROGRAM` of Google Benchmark wrote; 0 where it wrote nothing.
figure() {
  /usr/bin/python3 -c '
import json, sys
try:
    with open(sys.argv[1], encoding="utf-8") as file:
        runs = json.load(file)["benchmarks"]
except (OSError, ValueError):
    runs = []
print(next((run.get(sys.argv[3], 0) for run in runs if run["name"].split("/")[0] == sys.argv[2]), 0))' \
    "$scratch/$1.json" "$2" "$3"
}

# row WHAT FIGURE UNIT RELATION LIMIT: a figure of 0 was not measured.
row() {
  awk -v what="$1" -v figure="$2" -v unit="$3" -v relation="$4" -v limit="$5" 'BEGIN {
    within = relation == "<=" ? figure + 0 <= limit + 0 : figure + 0 >= limit + 0
    verdict = (figure + 0 > 0 && within) ? "held" : "MISSED"
    printf("| %s | %.4g %s | %s %s %s |  | %s |\n", what, figure, unit, relation, limit, unit, verdict) }' |
    tee -a "$scratch/printed"
}

# run_google PROGRAM ARGUMENTS...
run_google() {
  run "$1" "--benchmark_out=$scratch/$1.json" --benchmark_out_format=json "${@:2}"
}

ingest=() acks=() watch=() range=() size=() players=12
if [[ $brief == yes ]]; then
  ingest=(--passes 1 --large-batches 100 --small-batches 500)
  acks=(--seconds 1 --warm-up 0.2 --appends 50)
  watch=(--seconds 2)
  range=(--samples 2000000 --requests 30)
  size=(--rows 200000)
  players=8
fi

run ingest_benchmark --folder "$folder" "${ingest[@]}"
run ack_benchmark --folder "$folder" "${acks[@]}"
run size_benchmark "${size[@]}"
run range_benchmark --folder "$folder" "${range[@]}"
# What it measures beside the latency is no row: in its shortest form.
run watch_benchmark --folder "$folder" "${watch[@]}" --passes 1 --batches 500 --stall 1

run_google swcnt_benchmark '--benchmark_filter=(Measured|Recipe)$'
for case in StageMeasured StageRecipe HotWallMeasured HotWallRecipe ThickStageMeasured ThickStageRecipe; do
  row "SWCNT twin, 60 min, all outputs, $case" "$(figure swcnt_benchmark "BM_$case" cpu_time)" "ms of one core" "<=" 1.5
  row "the same, times real time" "$(figure swcnt_benchmark "BM_$case" times_real_time)" "" ">=" 2e6
done

run_google pipeline_benchmark --benchmark_filter=BM_AnalyseTwelveNanotubeRuns
row "whole analysis of a 12-run campaign" \
  "$(figure pipeline_benchmark BM_AnalyseTwelveNanotubeRuns real_time)" "s on $(nproc) cores" "<=" 60

run_google shapley_benchmark "--benchmark_filter=/$players/"
row "exact Shapley, $players parameters, cores busy in the twin" \
  "$(figure shapley_benchmark BM_ExactShapley cores_busy_in_twin)" "" ">=" 0.9

printf '\n=== other stores\n'
compare=(--bin "$bin" --folder "$folder")
if [[ $brief == yes ]]; then compare+=(--rows 10000); fi
/usr/bin/python3 tests/benchmark/compare_stores.py "${compare[@]}" || failed+=(compare_stores.py)

printf '\n| what | measured | goal | beside it, in the same run | |\n| --- | --- | --- | --- | --- |\n'
grep '^| ' "$scratch/printed" || true
if [[ ${#failed[@]} -gt 0 ]]; then
  printf 'failed: %s\n' "${failed[*]}" >&2
  exit 1
fi
