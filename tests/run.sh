#!/usr/bin/env bash
# Everything that must be green, from a bare Debian 12 on.
#   tests/run.sh         every test with sanitizers, release build with benchmarks, checks of what changed
#   tests/run.sh --full  also soaks, the thread sanitizer over whole jobs, clang-tidy on all files, with the static analyzer
#                        on programs, every test on the release build, and each fuzz target for PARALLAX_FUZZ_SECONDS (600)
# PARALLAX_BASE names the commit that "changed" is counted from (default: the previous commit).
set -euo pipefail
cd "$(dirname "$0")/.."

full=no
case "${1-}" in
  --full) full=yes ;;
  "") ;;
  *)
    echo "usage: $0 [--full]" >&2
    exit 2
    ;;
esac

jobs=$(nproc)
stage_table=()
stage_name=start
stage_begin=$SECONDS

begin_stage() {
  stage_name=$1
  stage_begin=$SECONDS
  printf '\n=== %s (at %d s)\n' "$stage_name" "$SECONDS"
}

end_stage() {
  stage_table+=("$(printf '%6d s  %s' $((SECONDS - stage_begin)) "$stage_name")")
  printf -- '--- %s: %d s\n' "$stage_name" $((SECONDS - stage_begin))
}

report_failure() {
  local code=$?
  if [[ $code -ne 0 ]]; then
    printf '\nFAILED in stage "%s" after %d s (exit %d)\n' "$stage_name" "$SECONDS" "$code" >&2
  fi
}
trap report_failure EXIT

# Source files of ours that differ from PARALLAX_BASE, committed or not; all of them under --full or where
# there is no such commit (a shallow clone).
changed_sources() {
  local base=${PARALLAX_BASE:-HEAD~1}
  local paths=(core server client tests)
  if [[ $full == yes ]] || ! git rev-parse -q --verify "$base^{commit}" >/dev/null 2>&1; then
    git ls-files --cached --others --exclude-standard -- "${paths[@]}"
  else
    git diff --name-only --diff-filter=d "$base" -- "${paths[@]}"
    git ls-files --others --exclude-standard -- "${paths[@]}"
  fi | grep -E '\.(h|cc)$' | sort -u | while read -r file; do
    if [[ -e $file ]]; then echo "$file"; fi
  done || true
}

# clang-tidy reads a header through the file that implements it.
tidy_sources() {
  changed_sources | sed 's/\.h$/.cc/' | sort -u | while read -r file; do
    # Fuzz targets and others outside of this configuration have no compile command.
    if grep -q "\"file\": \".*/$file\"" build/tidy/compile_commands.json; then echo "$file"; fi
  done
}

# One test more than there are cores: some wait for a daemon, a page or a recording, those that do little else one
# after the other (RESOURCE_LOCK idle). Benchmarks run alone whatever is said here.
run_ctest() {  # run_ctest PRESET LOG ARGUMENTS...
  local preset=$1 log=$2
  shift 2
  ctest --preset "$preset" -j "$((jobs + 1))" --no-tests=error "$@" 2>&1 | tee "$log"
}

# How many inputs each fuzz target ran, from ctest's own record.
print_fuzz_executions() {  # print_fuzz_executions PRESET
  awk '/^[0-9]+\/[0-9]+ Test: /{name = $3}
       /^stat::number_of_executed_units:/{printf "%10d inputs  %s\n", $2, name}' \
    "build/$1/Testing/Temporary/LastTest.log"
}

check_format() {
  changed_sources >build/format.txt
  xargs -r -a build/format.txt clang-format-14 --dry-run --Werror
  sed '/^tests\//d' build/format.txt | xargs -r tests/cppcheck.sh
  shellcheck deploy/*.sh tests/*.sh tests/benchmark/*.sh proto/*.sh .ci/run .githooks/*
}

check_tidy() {
  cmake --preset dev -B build/tidy -DPARALLAX_PRECOMPILED_HEADERS=OFF >build/tidy.log
  local generated=(tests/fuzz/gen/tests/fuzz/fuzz_input.pb.h) proto
  for proto in proto/parallax/v1/*.proto; do
    generated+=("proto/gen/parallax/v1/$(basename "$proto" .proto).grpc.pb.h")
  done
  ninja -C build/tidy "${generated[@]}" >>build/tidy.log
  tidy_sources >build/tidy.txt
  # The static analyzer takes most of the time: only under --full, and not of tests, where the sanitizers
  # see every path that runs.
  local product_checks=
  if [[ $full == no ]]; then product_checks="-clang-analyzer-*"; fi
  sed '/^tests\//d' build/tidy.txt | xargs -r tests/tidy.py --build build/tidy "--checks=$product_checks"
  sed -n '/^tests\//p' build/tidy.txt | xargs -r tests/tidy.py --build build/tidy "--checks=-clang-analyzer-*"
}

begin_stage "install packages"
deploy/install_packages.sh build test
mkdir -p build
end_stage

begin_stage "style: clang-format, cppcheck, shellcheck, buf"
check_format
proto/check.sh
end_stage

begin_stage "clang, address and undefined sanitizers: build"
cmake --preset asan >build/asan-configure.log
cmake --build --preset asan -j "$jobs"
end_stage

begin_stage "clang, address and undefined sanitizers: every test"
soaks=(-LE soak)
if [[ $full == yes ]]; then soaks=(); fi
run_ctest asan build/asan-tests.log "${soaks[@]}"
print_fuzz_executions asan
end_stage

begin_stage "gcc release: programs and benchmarks"
cmake --preset release -DPARALLAX_TESTS=ON >build/release-configure.log
cmake --build --preset release -j "$jobs" --target parallaxd parallax benchmarks
end_stage

begin_stage "gcc release: short benchmarks"
run_ctest release build/benchmarks.log -L benchmark --verbose
end_stage

begin_stage "clang, thread sanitizer: tests labelled concurrent"
cmake --preset tsan >build/tsan-configure.log
concurrent=concurrent_tests
if [[ $full == yes ]]; then concurrent=all_concurrent_tests; fi
cmake --build --preset tsan -j "$jobs" --target "$concurrent"
run_ctest tsan build/tsan-tests.log
end_stage

begin_stage "clang-tidy"
check_tidy
end_stage

if [[ $full == yes ]]; then
  begin_stage "gcc release: every test"
  cmake --build --preset release -j "$jobs"
  run_ctest release build/release-tests.log
  end_stage

  begin_stage "fuzz: ${PARALLAX_FUZZ_SECONDS:-600} s a target"
  cmake --preset fuzz -DPARALLAX_FUZZ_SECONDS="${PARALLAX_FUZZ_SECONDS:-600}" >build/fuzz-configure.log
  cmake --build --preset fuzz -j "$jobs" --target fuzz_targets
  run_ctest fuzz build/fuzz-tests.log
  print_fuzz_executions fuzz
  end_stage
fi

printf '\n=== all stages passed in %d s\n' "$SECONDS"
printf '%s\n' "${stage_table[@]}"
grep -E '^[0-9]+% tests passed' build/asan-tests.log
