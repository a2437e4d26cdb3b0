#!/usr/bin/env bash
# Installs the Debian 12 packages that parallax needs; fast where they are all there.
#   deploy/install_packages.sh build          what it takes to compile and run the programs
#   deploy/install_packages.sh build test     and what tests/run.sh needs beyond that
set -euo pipefail

# The dashboard is built with npm, which also brings buf; any Node that is already there will do.
node_packages=()
command -v node >/dev/null || node_packages+=(nodejs)
command -v npm >/dev/null || node_packages+=(npm)
build_packages=(
  cmake ninja-build g++ pkg-config
  libgrpc++-dev protobuf-compiler-grpc libprotobuf-dev protobuf-compiler libabsl-dev
  libeigen3-dev libceres-dev libtbb-dev libboost-dev
  libssl-dev libsqlite3-dev libsqlitecpp-dev libzstd-dev libxxhash-dev
  libcli11-dev libtomlplusplus-dev nlohmann-json3-dev libspdlog-dev libsystemd-dev
  libcairo2-dev zlib1g-dev libnlopt-cxx-dev prometheus-cpp-dev ca-certificates "${node_packages[@]}"
)
test_packages=(
  libgtest-dev libgmock-dev libbenchmark-dev libsundials-dev python3
  clang-14 clang-tidy-14 clang-format-14 lld-14 llvm-14 libclang-rt-14-dev
  git openssl shellcheck cppcheck prometheus chromium strace lintian dpkg-dev
  python3-grpcio python3-protobuf python3-numpy python3-pandas python3-openturns python3-sklearn
)

if [[ $# -eq 0 ]]; then
  echo "usage: $0 build|test..." >&2
  exit 2
fi
wanted=()
for group in "$@"; do
  case "$group" in
    build) wanted+=("${build_packages[@]}") ;;
    test) wanted+=("${test_packages[@]}") ;;
    *)
      echo "$0: group \"$group\" is not one of build, test" >&2
      exit 2
      ;;
  esac
done

missing=()
for package in "${wanted[@]}"; do
  status=$(dpkg-query -W -f '${Status}' "$package" 2>/dev/null || true)
  [[ $status == "install ok installed" ]] || missing+=("$package")
done
if [[ ${#missing[@]} -eq 0 ]]; then
  echo "all ${#wanted[@]} packages are installed"
  exit 0
fi

as_root=()
if [[ $(id -u) -ne 0 ]]; then
  as_root=(sudo)
fi
echo "installing ${#missing[@]} of ${#wanted[@]} packages: ${missing[*]}"
"${as_root[@]}" apt-get update -q
"${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
  apt-get install -q -y --no-install-recommends "${missing[@]}"
