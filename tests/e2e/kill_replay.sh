#!/usr/bin/env bash
# Replays a campaign while daemon and client are killed with SIGKILL in turn and compares what is then stored and
# concluded with a calm replay: the digest of the samples and the bytes of the report. Replays run at SPEED recorded
# seconds a second, best such that they last two seconds: at full speed all samples arrive within a few milliseconds,
# which a kill hardly hits. The kills are spread evenly over the time that the calm replay took. After a killed client
# the next one resumes; after a killed daemon the client does, by itself. A store that holds the whole campaign is
# compared and left for a new one. Last, the daemon is killed while it analyses. Fails as well where less than a quarter
# of the kills left a store that was begun and not complete.
#   kill_replay.sh BIN_FOLDER CAMPAIGN_FOLDER SPEED [KILLS=20] [SEED=1] [COMPARE=report]
# With COMPARE=samples nothing is analysed.
set -euo pipefail

bin=$1 campaign=$2 speed=$3 kills=${4:-20}
RANDOM=${5:-1}
compare=${6:-report}
rig=$(basename "$campaign")
work=$(mktemp -d)
daemon=
client=
port=0
export PARALLAX_SERVER
replay=(campaign replay "$campaign" --speed "$speed" -o json)
analyze=(--timeout 900 campaign analyze "$campaign" -o json)

stop_daemon() {  # stop_daemon SIGNAL
  if [[ -n $daemon ]]; then
    kill "-$1" "$daemon" 2>/dev/null || true
    wait "$daemon" 2>/dev/null || true
    daemon=
  fi
}
clean_up() {
  if [[ -n $client ]]; then kill -KILL "$client" 2>/dev/null || true; fi
  stop_daemon KILL
  rm -rf "$work"
}
trap clean_up EXIT

start_daemon() {  # start_daemon DATA_FOLDER; on the port of the last daemon, so that its clients find it again
  rm -f "$work/port"
  "$bin/parallaxd" --data "$1" --listen "127.0.0.1:$port" --http 127.0.0.1:0 --port-file "$work/port" \
    2>>"$work/daemon.log" &
  daemon=$!
  local try
  for try in $(seq 300); do
    if [[ -s $work/port ]]; then break; fi
    if [[ $try == 300 ]]; then
      echo "the daemon did not start:" >&2
      tail -n 5 "$work/daemon.log" >&2
      exit 1
    fi
    sleep 0.05
  done
  port=$(sed 's/.*"grpc": *\([0-9]*\).*/\1/' "$work/port")
  PARALLAX_SERVER=127.0.0.1:$port
}

replay() { "$bin/parallax" "${replay[@]}" "$@" >/dev/null; }
# The program itself in the background: a signal to a function there would meet the shell that runs it.
start_client() {
  "$bin/parallax" "$@" >/dev/null 2>>"$work/client.log" &
  client=$!
}
digest() { "$bin/parallax" series digest "$rig" -o json | grep sha256; }
reports() { "$bin/parallax" report list "$rig" -o json | grep sha256; }
# Samples on disk; 0 where the rig is not there yet.
stored() {
  { "$bin/parallax" series digest "$rig" -o json 2>/dev/null || echo '"samples": 0'; } |
    sed -n 's/.*"samples": *\([0-9]*\).*/\1/p'
}
milliseconds() { echo $(($(date +%s%N) / 1000000)); }
pause() { sleep "$(($1 / 1000)).$(printf '%03d' $(($1 % 1000)))"; }  # pause MILLISECONDS

same_as_calm() {  # same_as_calm WHAT: WHAT, a function of ours, answers as it did for the calm replay
  "$1" >"$work/killed.$1"
  if ! diff "$work/calm.$1" "$work/killed.$1"; then
    echo "$rig: $1 differs after kill $i" >&2
    exit 1
  fi
}

start_daemon "$work/calm"
begin=$(milliseconds)
replay
length_ms=$(($(milliseconds) - begin))
digest >"$work/calm.digest"
total=$(stored)
if [[ $compare == report ]]; then
  "$bin/parallax" "${analyze[@]}" >/dev/null
  reports >"$work/calm.reports"
fi
stop_daemon TERM

stores=1 partial=0
start_daemon "$work/killed.1"
for ((i = 1; i <= kills; i++)); do
  start_client "${replay[@]}"
  pause $((RANDOM * length_ms / 32768))
  if ((i % 2 == 0)); then
    # The client stands still until what the daemon left is counted.
    kill -STOP "$client" 2>/dev/null || true
    stop_daemon KILL
    start_daemon "$work/killed.$stores"
    left=$(stored)
    kill -CONT "$client" 2>/dev/null || true
  else
    kill -KILL "$client" 2>/dev/null || true
    wait "$client" 2>/dev/null || true
    left=$(stored)
  fi
  if ((left > 0 && left < total)); then partial=$((partial + 1)); fi
  # A client whose daemon died under a call that is no stream gives up, and the next one resumes.
  if wait "$client" 2>/dev/null; then left=$total; fi
  if ((left == total)); then
    replay
    same_as_calm digest
    stop_daemon TERM
    stores=$((stores + 1))
    start_daemon "$work/killed.$stores"
  fi
done
replay
replay --resend
same_as_calm digest
if ((4 * partial < kills)); then
  echo "$rig: $partial of $kills kills left a part of the campaign, must be a quarter of them" >&2
  exit 1
fi

if [[ $compare == report ]]; then
  start_client "${analyze[@]}"
  until "$bin/parallax" job list -o json | grep RUNNING >/dev/null; do
    if ! kill -0 "$client" 2>/dev/null; then break; fi
  done
  stop_daemon KILL
  start_daemon "$work/killed.$stores"
  if ! wait "$client"; then
    echo "$rig: the client did not get the report of the analysis that the next daemon repeated; it said:" >&2
    tail -n 5 "$work/client.log" >&2
    exit 1
  fi
  if ! "$bin/parallax" job list -o json | grep '"attempts": *2' >/dev/null; then
    echo "$rig: the daemon was not killed within the analysis" >&2
    exit 1
  fi
  same_as_calm reports
fi
stop_daemon TERM
echo "$rig: equal to the calm replay after $kills kills, $partial of which left a part of the campaign," \
  "in $stores stores"
