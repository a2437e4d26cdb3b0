#!/usr/bin/env bash
# From a bare Debian 12 to the report of a real recording: installs, compiles, starts the daemon, replays
# the bundled two-heater recording, prints the report, stops the daemon. A second start takes seconds.
#   deploy/quickstart.sh [--data DIR] [--keep]
#     --data DIR  keep what is stored in DIR (default: a temporary folder, removed at the end)
#     --keep      leave the daemon running and say how to reach it, also its dashboard
set -euo pipefail
cd "$(dirname "$0")/.."

data=
keep=no
while [[ $# -gt 0 ]]; do
  case "$1" in
    --data)
      data=${2:?--data needs a folder}
      shift 2
      ;;
    --keep)
      keep=yes
      shift
      ;;
    *)
      echo "usage: $0 [--data DIR] [--keep]" >&2
      exit 2
      ;;
  esac
done

step() {
  printf '[%4d s] %s\n' "$SECONDS" "$1"
}

step "packages of Debian 12"
deploy/install_packages.sh build

step "compiling parallaxd and parallax into build/release (minutes the first time)"
mkdir -p build
if ! cmake --preset release -DPARALLAX_TESTS=OFF >build/quickstart-configure.log 2>&1; then
  cat build/quickstart-configure.log >&2
  exit 1
fi
cmake --build --preset release -j "$(nproc)" --target parallaxd parallax
bin=$PWD/build/release/bin

step "building the dashboard (npm fetches its parts the first time)"
dashboard=yes
if ! cmake --build --preset release --target web >build/quickstart-web.log 2>&1; then
  dashboard=no
  echo "the dashboard could not be built, all else goes on; see build/quickstart-web.log" >&2
fi

scratch=$(mktemp -d)
daemon=
clean_up() {
  local code=$?
  if [[ -n $daemon && ($keep == no || $code -ne 0) ]]; then
    kill -TERM "$daemon" 2>/dev/null || true
    wait "$daemon" || true
  fi
  if [[ $code -ne 0 && -s $scratch/parallaxd.log ]]; then
    echo "the daemon said:" >&2
    tail -n 20 "$scratch/parallaxd.log" >&2
  fi
  if [[ $keep == no || $code -ne 0 ]]; then rm -rf "$scratch"; fi
}
trap clean_up EXIT
trap 'exit 130' INT TERM

ports=$scratch/ports.json
step "starting parallaxd on a free port"
started_ms=$(date +%s%3N)
"$bin/parallaxd" --data "${data:-$scratch/data}" --listen 127.0.0.1:0 --http 127.0.0.1:0 \
  --port-file "$ports" \
  >"$scratch/parallaxd.log" 2>&1 &
daemon=$!
for ((tries = 0; tries < 300; ++tries)); do
  if [[ -s $ports ]]; then break; fi
  if ! kill -0 "$daemon" 2>/dev/null; then
    echo "parallaxd ended before it was ready" >&2
    exit 1
  fi
  sleep 0.1
done
if [[ ! -s $ports ]]; then
  echo "parallaxd was not ready within 30 s" >&2
  exit 1
fi
port=$(sed -n 's/.*"grpc": *\([0-9]*\).*/\1/p' "$ports")
http=$(sed -n 's/.*"http": *\([0-9]*\).*/\1/p' "$ports")
parallax=("$bin/parallax" --server "127.0.0.1:$port")

step "replaying and analysing tests/data/tclab-byu, a recording of a two-heater board"
"${parallax[@]}" campaign evaluate tests/data/tclab-byu
printf '[%4d s] daemon start to verdict: %d ms\n' "$SECONDS" $(($(date +%s%3N) - started_ms))

step "the report, explained"
"${parallax[@]}" report explain tclab-byu

if [[ $keep == yes ]]; then
  step "parallaxd (pid $daemon) goes on running; log: $scratch/parallaxd.log"
  if [[ $dashboard == yes ]]; then echo "dashboard: http://127.0.0.1:$http/"; fi
  echo "try: ${parallax[*]} param show tclab-byu"
  echo "     curl http://127.0.0.1:$http/metrics"
else
  kill -TERM "$daemon"
  wait "$daemon"
  daemon=
  step "daemon stopped"
fi
