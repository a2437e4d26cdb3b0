#!/usr/bin/env bash
# Style and compatibility of the wire protocol, by buf.
#   proto/check.sh            lint, and breaking changes against the committed image
#   proto/check.sh --release  writes the image that later changes are compared with
# The buf binary comes as an npm package, pinned in package-lock.json, and is kept in the cache folder.
set -euo pipefail
cd "$(dirname "$0")"

cache=${XDG_CACHE_HOME:-$HOME/.cache}/parallax/buf
case "$(uname -m)" in
  x86_64) platform=linux-x64 ;;
  aarch64) platform=linux-aarch64 ;;
  *)
    echo "$0: no buf for $(uname -m)" >&2
    exit 1
    ;;
esac
buf=$cache/node_modules/@bufbuild/buf-$platform/bin/buf
if [[ ! -x $buf ]] || ! cmp -s package-lock.json "$cache/package-lock.json"; then
  mkdir -p "$cache"
  cp package.json package-lock.json "$cache/"
  npm ci --prefix "$cache" --ignore-scripts --no-audit --no-fund --loglevel error >&2
  # A package for one platform is optional to npm, which says nothing where it cannot fetch it.
  if [[ ! -x $buf ]]; then
    echo "$0: npm could not fetch @bufbuild/buf-$platform" >&2
    exit 1
  fi
fi

case "${1-}" in
  --release)
    "$buf" build --exclude-source-info -o parallax.binpb
    echo "wrote proto/parallax.binpb"
    ;;
  "")
    "$buf" lint
    "$buf" breaking --against parallax.binpb
    echo "buf: lint and breaking-change checks passed"
    ;;
  *)
    echo "usage: $0 [--release]" >&2
    exit 2
    ;;
esac
