// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <vector>

namespace bench {

/// A figure of a case: the counter in which Google Benchmark keeps it, and what the table calls it.
struct Column {
  std::string counter;
  std::string heading;
};

/// A block of the table. Its rows are the libraries that have the ability, each with 1 and with 2 threads.
struct Case {
  std::string name;
  std::string title;
  unsigned ability;
  std::vector<Column> columns;  ///< The most important one first.
};

/// Registers everything with Google Benchmark, as `case/library/threads` and `case/library/threads/memory`.
///
/// @param scale  What the sizes are divided by.
std::vector<Case> register_cases(double scale);

}  // namespace bench
