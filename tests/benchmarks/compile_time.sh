#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# compile_time.sh [TASKFLOW_INCLUDE_DIR]: what examples/quickstart.cpp costs to compile, beside the same program for
# Taskflow where its headers are given. Prints the median user seconds of ROUNDS (default 5) compilations of each, taken in
# turn, and their ratio; fails when quickstart takes more than half of the other.
set -euo pipefail
cd "$(dirname "$0")/../.."
taskflow=${1:-}
rounds=${ROUNDS:-5}
cxx=${CXX:-g++}
flags=(-std=c++20 -O2 -c -o /dev/null)

seconds() {  # seconds COMMAND...: its user time
  local TIMEFORMAT=%U
  { time "$@" >/dev/null; } 2>&1
}
median() { sort -n | awk '{ value[NR] = $1 } END { print value[int((NR + 1) / 2)] }'; }

ours=() theirs=()
for _ in $(seq "$rounds"); do
  ours+=("$(seconds "$cxx" "${flags[@]}" -Iinclude examples/quickstart.cpp)")
  if [ -n "$taskflow" ]; then
    theirs+=("$(seconds "$cxx" "${flags[@]}" -I"$taskflow" tests/benchmarks/quickstart_taskflow.cpp)")
  fi
done

baton_median=$(printf '%s\n' "${ours[@]}" | median)
echo "baton     $baton_median s"
if [ -z "$taskflow" ]; then
  echo "Taskflow  not measured (give the folder that holds taskflow/taskflow.hpp)"
  exit 0
fi
taskflow_median=$(printf '%s\n' "${theirs[@]}" | median)
echo "Taskflow  $taskflow_median s"
awk -v a="$baton_median" -v b="$taskflow_median" 'BEGIN { printf "ratio     %.2f\n", a / b; exit a / b > 0.5 }'
