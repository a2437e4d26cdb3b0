#!/usr/bin/env bash
# cppcheck over C++ sources: tests/cppcheck.sh FILE...
# Headers are read through the files that include them. What it is told to overlook, and why: cmake/cppcheck_suppressions.txt.
set -euo pipefail
cd "$(dirname "$0")/.."

# The annotations of the thread-safety analysis and what the build defines: cppcheck does not read Abseil's headers.
macros=(
  -DABSL_LOCKABLE= -DABSL_SCOPED_LOCKABLE= '-DABSL_GUARDED_BY(x)=' '-DABSL_PT_GUARDED_BY(x)='
  '-DABSL_EXCLUSIVE_LOCK_FUNCTION(...)=' '-DABSL_UNLOCK_FUNCTION(...)=' '-DABSL_EXCLUSIVE_LOCKS_REQUIRED(...)='
  '-DABSL_LOCKS_EXCLUDED(...)=' '-DPARALLAX_VERSION="0"' '-DPARALLAX_TEST_DATA="."'
)
sources=()
for file in "$@"; do
  if [[ $file == *.cc ]]; then sources+=("$file"); fi
done
if [[ ${#sources[@]} -eq 0 ]]; then exit 0; fi
cppcheck -j "$(nproc)" --quiet --error-exitcode=1 --std=c++20 --language=c++ --library=googletest \
  --enable=warning,performance,portability --inline-suppr \
  --suppressions-list=cmake/cppcheck_suppressions.txt -I . "${macros[@]}" \
  --template='{file}:{line}: {id}: {message}' "${sources[@]}"
