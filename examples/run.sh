#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# examples/run.sh [NAME [ARGS...]]: builds an example, after installing what that needs, and runs it with ARGS where
# you are. NAME is a file or folder here without its extension; the default is index.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/../tests/setup.sh"

name=${1:-index}
names=$(cd "$root/examples" && ls -d -- *.cpp */ | sed 's/\.cpp$//; s/\/$//' | tr '\n' ' ')
[[ " $names" == *" $name "* ]] || fail "no example '$name'; there are: $names"

lock build
install_packages $build_packages
build_release OFF "example_$name"
unlock

exec "$build/examples/$name" "${@:2}"
