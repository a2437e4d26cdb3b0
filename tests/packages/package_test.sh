#!/usr/bin/env bash
# Builds the Debian packages of a build folder, holds them to lintian, and installs, runs, upgrades and removes them in
# an overlay over this machine's files, which stay as they are. As root (or with sudo): it mounts.
#   package_test.sh BUILD_FOLDER
set -euo pipefail

if [[ ${1-} == --inside ]]; then
  # Within a mount namespace of its own, with the packages in $2 and a scratch folder in $3.
  packages=$2 scratch=$3
  mount -t tmpfs tmpfs "$scratch"
  mkdir "$scratch"/{upper,work,merged}
  mount -t overlay overlay -o "lowerdir=/,upperdir=$scratch/upper,workdir=$scratch/work" "$scratch/merged"
  mount -t proc proc "$scratch/merged/proc"
  mkdir -p "$scratch/merged/packages"
  cp "$packages"/*.deb "$scratch/merged/packages"
  cp "$0" "$scratch/merged/packages/package_test.sh"
  chroot "$scratch/merged" /packages/package_test.sh --in-chroot
  exit
fi

if [[ ${1-} == --in-chroot ]]; then
  snapshot() { find / -xdev \( -path /packages -o -path /tmp -o -path /proc -o -path /dev -o -path /var/lib/dpkg -o -path /var/cache \
    -o -path /var/log -o -path /etc/passwd -o -path /etc/group -o -path /etc/shadow -o -path /etc/gshadow \) -prune -o \
    -newer /packages/start -print | grep -vE '^/(etc|run|root)?$|/(passwd|group|shadow|gshadow|subuid|subgid)-?$|/\.pwd\.lock$' | sort; }
  mkdir -p /tmp/work
  touch /packages/start
  dpkg --install /packages/*.deb
  echo "--- run as the user parallax, with the configuration that was installed"
  install -d -o parallax -g parallax -m 0750 /var/lib/parallax
  setpriv --reuid parallax --regid parallax --clear-groups /usr/bin/parallaxd --config /etc/parallax/parallaxd.toml \
    --data /var/lib/parallax --listen 127.0.0.1:0 --http 127.0.0.1:0 --port-file /var/lib/parallax/ports &
  daemon=$!
  for _ in $(seq 300); do [[ -s /var/lib/parallax/ports ]] && break; sleep 0.1; done
  port=$(sed 's/.*"grpc": *\([0-9]*\).*/\1/' /var/lib/parallax/ports)
  http=$(sed 's/.*"http": *\([0-9]*\).*/\1/' /var/lib/parallax/ports)
  /usr/bin/parallax --server "127.0.0.1:$port" rig list
  /usr/bin/python3 -c "
import parallax, urllib.request
with parallax.Client('127.0.0.1:$port') as client:
    print('python:', len(list(client.rigs())), 'rigs')
page = urllib.request.urlopen('http://127.0.0.1:$http/').read()
assert b'<html' in page, page
"
  kill -TERM "$daemon"
  wait "$daemon"
  /usr/bin/parallaxd backup /var/lib/parallax /var/lib/parallax/backup
  /usr/bin/parallaxd check /var/lib/parallax/backup
  echo "--- again, as an upgrade does; then away"
  echo "# kept" >>/etc/parallax/parallaxd.toml
  dpkg --install --force-confold /packages/*.deb
  grep -q "# kept" /etc/parallax/parallaxd.toml
  dpkg --purge python3-parallax-lab parallax-client parallax-server
  [[ -s /var/lib/parallax/parallax.db ]] || { echo "the data is gone" >&2; exit 1; }
  rm -rf /var/lib/parallax
  left=$(snapshot | while read -r file; do [[ -d $file ]] || echo "$file"; done)
  if [[ -n $left ]]; then
    printf 'left behind:\n%s\n' "$left" >&2
    exit 1
  fi
  exit
fi

build=${1:?usage: package_test.sh BUILD_FOLDER}
as_root=()
if [[ $(id -u) -ne 0 ]]; then as_root=(sudo); fi
packages=$build/packages/deb
rm -rf "$packages"
cpack --config "$build/CPackConfig.cmake" -B "$packages" >"$build/packages/cpack.log" ||
  { tail -n 20 "$build/packages/cpack.log" >&2; exit 1; }
ls -l "$packages"/*.deb
lintian --fail-on warning --allow-root "$packages"/*.deb
scratch=$(mktemp -d)
trap 'rmdir "$scratch"' EXIT
"${as_root[@]}" unshare --mount "$0" --inside "$packages" "$scratch"
echo "installed, ran and left nothing behind"
