#!/usr/bin/env bash
# Replays a campaign while daemon and client are killed with SIGKILL in turn, and compares what is then
# stored and concluded with an undisturbed replay: the digest of the samples and the bytes of the report.
#   kill_replay.sh BIN_FOLDER CAMPAIGN_FOLDER [KILLS=20] [SEED=1]
set -euo pipefail

bin=$1 campaign=$2 kills=${3:-20}
RANDOM=${4:-1}
rig=$(basename "$campaign")
work=$(mktemp -d)
daemon=
export PARALLAX_SERVER

stop_daemon() {  # stop_daemon SIGNAL
  if [[ -n $daemon ]]; then
    kill "-$1" "$daemon" 2>/dev/null || true
    wait "$daemon" 2>/dev/null || true
    daemon=
  fi
}
trap 'stop_daemon KILL; rm -rf "$work"' EXIT

start_daemon() {  # start_daemon DATA_FOLDER
  rm -f "$work/port"
  "$bin/parallaxd" --data "$1" --listen 127.0.0.1:0 --port-file "$work/port" 2>>"$work/daemon.log" &
  daemon=$!
  local try
  for try in $(seq 300); do
    if [[ -s $work/port ]]; then break; fi
    if [[ $try == 300 ]]; then
      echo "the daemon did not start" >&2
      exit 1
    fi
    sleep 0.05
  done
  PARALLAX_SERVER=127.0.0.1:$(sed 's/[^0-9]//g' "$work/port")
}

# The digest of all samples and the hash of the first report of this store.
conclude() {
  "$bin/parallax" series digest "$rig" -o json | grep sha256
  "$bin/parallax" --timeout 900 campaign analyze "$campaign" -o json >/dev/null
  "$bin/parallax" report list "$rig" -o json | grep sha256
}

start_daemon "$work/calm"
"$bin/parallax" campaign replay "$campaign" -o json >/dev/null
conclude >"$work/calm.txt"
stop_daemon TERM

start_daemon "$work/killed"
for ((i = 0; i < kills; i++)); do
  "$bin/parallax" campaign replay "$campaign" -o json >/dev/null 2>&1 &
  client=$!
  sleep "0.0$((RANDOM % 90 + 10))"
  if ((i % 2 == 0)); then
    stop_daemon KILL
    start_daemon "$work/killed"
  fi
  kill -KILL "$client" 2>/dev/null || true
  wait "$client" 2>/dev/null || true
done
"$bin/parallax" campaign replay "$campaign" -o json >/dev/null
"$bin/parallax" campaign replay "$campaign" --resend -o json >"$work/resent.json"
conclude >"$work/killed.txt"
stop_daemon TERM

if ! diff "$work/calm.txt" "$work/killed.txt"; then
  echo "$rig: differs after $kills kills" >&2
  exit 1
fi
echo "$rig: digest and report equal after $kills kills and one repeated replay"
