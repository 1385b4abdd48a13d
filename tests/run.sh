#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# tests/run.sh [ARGS...]: builds everything, after installing what that needs, and runs the tests. ARGS go to ctest;
# "-R scheduler" runs the tests whose names contain that, for instance.
# BATON_TEST_SCALE=N makes the tests that repeat or grow do N times as much.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/setup.sh"

lock build
install_packages $test_packages
build_release ON all
unlock

export BATON_TEST_SCALE=${BATON_TEST_SCALE:-1}
lock tests  # ctest keeps notes in the build folder
failures_of ctest --test-dir "$build" --output-on-failure --no-tests=error --parallel "$(nproc)" "$@"
