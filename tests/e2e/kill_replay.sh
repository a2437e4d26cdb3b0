#!/usr/bin/env bash
# Replays a campaign while daemon and client are killed with SIGKILL in turn and compares what is then stored and
# concluded with a calm replay: the digest of the samples and the bytes of the report. Half of the kills are spread
# evenly over the time that the calm replay took, half over the part of it in which samples arrive. After a killed
# client the next one resumes; after a killed daemon the client does, by itself. A store that holds the whole campaign
# is compared and left for a new one. Last, the daemon is killed while it analyses. Fails as well where too few kills
# left a store that was begun and not complete; none need where the campaign has less than eight batches, since hardly
# a kill falls between so few.
#   kill_replay.sh BIN_FOLDER CAMPAIGN_FOLDER [KILLS=20] [SEED=1] [COMPARE=report]
# With COMPARE=samples nothing is analysed.
set -euo pipefail

bin=$1 campaign=$2 kills=${3:-20}
RANDOM=${4:-1}
compare=${5:-report}
rig=$(basename "$campaign")
work=$(mktemp -d)
daemon=
client=
port=0
export PARALLAX_SERVER

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
  "$bin/parallaxd" --config "$work/parallaxd.toml" --data "$1" --listen "127.0.0.1:$port" \
    --http 127.0.0.1:0 --port-file "$work/port" 2>>"$work/daemon.log" &
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

replay() { "$bin/parallax" campaign replay "$campaign" -o json "$@" >/dev/null; }
digest() { "$bin/parallax" series digest "$rig" -o json | grep sha256; }
analyze() { "$bin/parallax" --timeout 900 campaign analyze "$campaign" -o json >/dev/null; }
reports() { "$bin/parallax" report list "$rig" -o json | grep sha256; }
# Samples on disk; 0 where the rig is not there yet.
stored() {
  { "$bin/parallax" series digest "$rig" -o json 2>/dev/null || echo '"samples": 0'; } |
    sed -n 's/.*"samples": *\([0-9]*\).*/\1/p'
}
milliseconds() { echo $(($(date +%s%N) / 1000000)); }
pause() { sleep "$(($1 / 1000)).$(printf '%03d' $(($1 % 1000)))"; }  # pause MILLISECONDS
between() { echo $(($1 + RANDOM * ($2 - $1) / 32768)); }              # between LOW HIGH: any of them, evenly

same_as_calm() {  # same_as_calm WHAT: WHAT, a function of ours, answers as it did for the calm replay
  "$1" >"$work/killed.$1"
  if ! diff "$work/calm.$1" "$work/killed.$1"; then
    echo "$rig: $1 differs after kill $i" >&2
    exit 1
  fi
}

# One batch under way a stream: the samples of a campaign otherwise arrive within a few milliseconds.
printf '[ingest]\ncredit = 1\n' >"$work/parallaxd.toml"
start_daemon "$work/calm"
batches=$("$bin/parallax" campaign replay "$campaign" --dry-run -o json 2>/dev/null |
  awk -F: '/"batches"/ { n += $2 } END { print n }')
partial_wanted=$((batches < 8 ? 0 : kills / 6))
begin=$(milliseconds)
replay
length=$(($(milliseconds) - begin))
digest >"$work/calm.digest"
total=$(stored)
if [[ $compare == report ]]; then
  analyze
  reports >"$work/calm.reports"
fi
stop_daemon TERM

stores=1 partial=0
# Milliseconds into a replay: the latest kill that found nothing stored yet, the earliest that found everything.
nothing=0 everything=$length
start_daemon "$work/killed.1"
for ((i = 1; i <= kills || (partial < partial_wanted && i <= 3 * kills); i++)); do
  replay 2>/dev/null &
  client=$!
  at=$(between 0 "$length")
  if ((i % 4 >= 2)); then
    at=$(between $((nothing < everything ? nothing : everything)) $((nothing > everything ? nothing : everything)))
  fi
  pause "$at"
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
  if ((left == 0 && at > nothing)); then nothing=$at; fi
  if ((left == total && at < everything)); then everything=$at; fi
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
if ((partial < partial_wanted)); then
  echo "$rig: $partial of $((i - 1)) kills left a part of the campaign, must be >= $partial_wanted" >&2
  exit 1
fi

if [[ $compare == report ]]; then
  analyze &
  client=$!
  until "$bin/parallax" job list -o json | grep RUNNING >/dev/null; do
    if ! kill -0 "$client" 2>/dev/null; then break; fi
  done
  stop_daemon KILL
  start_daemon "$work/killed.$stores"
  if ! wait "$client"; then
    echo "$rig: the client did not get the report of the analysis that the next daemon repeated" >&2
    exit 1
  fi
  if ! "$bin/parallax" job list -o json | grep '"attempts": *2' >/dev/null; then
    echo "$rig: the daemon was not killed within the analysis" >&2
    exit 1
  fi
  same_as_calm reports
fi
stop_daemon TERM
echo "$rig: equal to the calm replay after $((i - 1)) kills, $partial of which left a part of the campaign," \
  "in $stores stores"
