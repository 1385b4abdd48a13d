# SPDX-License-Identifier: MIT
# Sourced by the run.sh of examples and tests and by .ci/run: what they install, build and lock.
# Everything here speaks on stderr, so that stdout belongs to the program that is run.

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
build=$root/build/release

build_packages="g++ cmake ninja-build libboost-dev nlohmann-json3-dev libspdlog-dev"
test_packages="$build_packages libgtest-dev libgmock-dev librapidcheck-dev python3 git"

say() { echo "baton: $*" >&2; }

fail() {
  say "$*"
  exit 1
}

# Runs a command and shows its output only if it fails.
quietly() {
  local log
  log=$(mktemp)
  if ! "$@" >"$log" 2>&1 </dev/null; then
    cat "$log" >&2
    rm -f "$log"
    return 1
  fi
  rm -f "$log"
}

# Runs a ctest command and shows all that it says but the tests that passed.
failures_of() { "$@" | sed -uE '/^ *Start +[0-9]+: /d; / Passed +[0-9.]+ sec$/d'; }

# install_packages PACKAGE...: installs those Debian packages that are missing; where there is no apt, says what is needed.
install_packages() {
  if ! command -v apt-get >/dev/null || ! command -v dpkg-query >/dev/null; then
    [ -e "$build/build.ninja" ] ||
      say "no apt here, so nothing is installed; needed, by the names they have in Debian 12: $*"
    return 0
  fi
  local installed package missing=()
  installed=$(dpkg-query -W -f '${db:Status-Status} ${Package}\n' "$@" 2>/dev/null || true)
  for package in "$@"; do
    grep -qxF "installed $package" <<<"$installed" || missing+=("$package")
  done
  [ ${#missing[@]} = 0 ] && return 0

  local as_root=()
  if [ "$(id -u)" != 0 ]; then
    command -v sudo >/dev/null || fail "not root and no sudo; first install: ${missing[*]}"
    as_root=(sudo)
  fi
  say "installing ${missing[*]}"
  local apt=("${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=600)
  quietly "${apt[@]}" update || say "apt-get update failed; trying with the package lists at hand"
  quietly "${apt[@]}" install -y --no-install-recommends "${missing[@]}" ||
    fail "could not install: ${missing[*]}"
}

# One call at a time may do what follows `lock NAME`, until `unlock`; others wait. Without flock nobody waits.
lock() {
  mkdir -p "$root/build"
  command -v flock >/dev/null || return 0
  exec 9>"$root/build/.$1.lock"
  flock --nonblock 9 || { say "waiting for another run in this folder"; flock 9; }
}
unlock() { exec 9>&-; }

# build_release TESTS TARGET: TESTS is ON or OFF; a build that has the tests already keeps them.
build_release() {
  if [ ! -e "$build/build.ninja" ] || ! grep -qxE "BATON_BUILD_TESTS:BOOL=(ON|$1)" "$build/CMakeCache.txt"; then
    # Compilers other than the one of Debian 12 know other warnings, which should not stop their users.
    local werror=ON
    grep -qs '^VERSION_CODENAME=bookworm' /etc/os-release || werror=OFF
    say "configuring and building build/release; the first time takes minutes"
    quietly cmake -S "$root" --preset release -DBATON_WERROR=$werror -DBATON_BUILD_TESTS="$1" || fail "configuring failed"
  fi
  quietly cmake --build "$build" --target "$2" || fail "building failed"
}
