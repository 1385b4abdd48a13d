// SPDX-License-Identifier: MIT
#pragma once

#include "totals.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace etl {

/// A file of which there is nothing in the totals.
struct Problem {
  std::string file;
  std::string reason;
};

/// What came of a load.
struct Report {
  std::string kind;        ///< full or incremental,
  std::string reason;      ///< and why.
  std::size_t loaded = 0;  ///< Files that were read.
  std::size_t kept = 0;    ///< Files that were not, since they have not changed.
  std::vector<Problem> problems;
  std::uint64_t rejected = 0;  ///< Lines.
  Totals totals;
  CountryTotal sum;
};

std::string to_text(const Report& report);
std::string to_json(const Report& report);
std::string to_markdown(const Report& report);

/// The lines that are not counted, as comma-separated values.
std::string list_rejects(const std::vector<FileResult>& files);

}  // namespace etl
