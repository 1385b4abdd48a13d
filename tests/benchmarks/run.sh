#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# tests/benchmarks/run.sh [ARGS...]: measures baton beside other libraries, after installing what that needs. Prints a
# table and writes build/benchmarks/results.json. Fails when a check of what was run fails.
#
# ARGS go to the program: --scale=100 divides all sizes, --benchmark_filter=layered selects, --benchmark_repetitions=9
# repeats more often; the other options are Google Benchmark's.
# TASKFLOW_DIR, DISPENSO_DIR, ENKITS_DIR and LIBFORK_DIR name source trees of these libraries, as cloned from their public
# repositories. For a tree that is no git tree, TASKFLOW_COMMIT and so on say which commit it is.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/../setup.sh"
build=$root/build/benchmarks

lock benchmarks  # until the end: two that measure at once disturb each other
install_packages $build_packages git libbenchmark-dev libtbb-dev

options=(-DCMAKE_BUILD_TYPE=Release -DBATON_BUILD_TESTS=OFF -DBATON_BUILD_EXAMPLES=OFF -DBATON_BUILD_BENCHMARKS=ON)
for peer in TASKFLOW DISPENSO ENKITS LIBFORK; do
  dir=${peer}_DIR commit=${peer}_COMMIT
  options+=("-DBATON_$dir=${!dir:-}" "-DBATON_$commit=${!commit:-}")
done
say "building build/benchmarks; the first time takes minutes"
quietly cmake -S "$root" -B "$build" -G Ninja "${options[@]}" || fail "configuring failed"
quietly cmake --build "$build" --target baton_benchmarks || fail "building failed"

say "measuring; this takes a while, and is disturbed by whatever else runs"
"$build/tests/benchmarks/baton_benchmarks" \
  --benchmark_out="$build/results.json" --benchmark_out_format=json "$@"
say "all figures are in build/benchmarks/results.json"
