#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Builds and runs the consumer projects beside this file, each against a static and a shared baton, and checks what the
# installed package says and exports.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/../setup.sh"
here=$root/tests/consumers
out=$root/build/consumers

lock consumers
install_packages $build_packages
rm -rf "$out"
mkdir -p "$out"

# The build type of all; a subproject has none of its own, and takes no launcher by itself.
options=(-G Ninja -DCMAKE_BUILD_TYPE=RelWithDebInfo)
if command -v ccache >/dev/null; then options+=(-DCMAKE_CXX_COMPILER_LAUNCHER=ccache); fi

# build_project NAME SOURCE [OPTIONS...]
build_project() {
  quietly cmake -S "$2" -B "$out/$1" "${options[@]}" "${@:3}" || fail "$1: configuring failed"
  quietly cmake --build "$out/$1" || fail "$1: building failed"
}

# try_consumer NAME PROJECT [OPTIONS...]
try_consumer() {
  build_project "$1" "$here/$2" "${@:3}"
  "$out/$1/consumer" || fail "$1: the program failed"
  say "$1 works"
}

for kind in static shared; do
  shared=$([ $kind = shared ] && echo ON || echo OFF)
  prefix=$out/$kind-prefix
  build_project $kind-baton "$root" -DBUILD_SHARED_LIBS=$shared -DBATON_BUILD_TESTS=OFF -DBATON_BUILD_EXAMPLES=OFF
  quietly cmake --install "$out/$kind-baton" --prefix "$prefix" || fail "installing the $kind baton failed"

  try_consumer $kind-find_package find_package -DCMAKE_PREFIX_PATH="$prefix"
  try_consumer $kind-find_package-testing find_package -DCMAKE_PREFIX_PATH="$prefix" "-DCOMPONENTS=core;testing"
  try_consumer $kind-add_subdirectory add_subdirectory -DBUILD_SHARED_LIBS=$shared
  try_consumer $kind-fetch_content fetch_content -DBUILD_SHARED_LIBS=$shared
done

# A missing component is named.
if message=$(cmake -S "$here/find_package" -B "$out/missing" "${options[@]}" -DCMAKE_PREFIX_PATH="$prefix" \
    -DCOMPONENTS=nonsense 2>&1); then
  fail "a component that does not exist was found"
fi
[[ $message == *"no component 'nonsense'"* ]] || fail "the missing component is not named: $message"
say "a missing component is named"

# What the shared libraries define for others is baton's, and their internals are not among it.
hidden=0
for library in "$prefix"/lib*/libbaton_*.so; do
  symbols=$(nm --demangle --defined-only --dynamic "$library" | grep -E ' [TDBR] ' || true)
  [ -n "$symbols" ] || fail "$library exports nothing"
  strangers=$(grep -v 'baton::' <<<"$symbols" || true)
  [ -z "$strangers" ] || fail "$library exports what is not baton's: $strangers"
  hidden=$((hidden + $(nm --demangle --defined-only "$library" | grep ' t ' | grep 'baton::' | grep -vc '(anonymous namespace)' || true)))
done
[ $hidden -gt 0 ] || fail "nothing is hidden in the shared libraries"
say "the shared libraries hide $hidden functions of their own"
