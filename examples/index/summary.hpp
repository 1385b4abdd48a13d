// SPDX-License-Identifier: MIT
#pragma once

#include "files.hpp"

#include <cstddef>
#include <cstdint>
#include <iosfwd>
#include <string>
#include <vector>

namespace indexer {

/// A file that was read.
struct IndexedFile {
  fs::path path;  ///< Relative to the folder.
  FileInfo info;
};

/// Files with equal content.
struct DuplicateGroup {
  std::vector<const IndexedFile*> files;  ///< At least two.

  /// What could be saved by keeping one of them.
  [[nodiscard]] std::uint64_t spare_bytes() const { return files.front()->info.bytes * (files.size() - 1); }
};

/// Files of one size and hash, sorted by content.
struct Comparison {
  std::vector<DuplicateGroup> groups;
  std::vector<Problem> problems;  ///< Files that could not be read a second time.
};

/// The files of one kind.
struct KindTotals {
  std::string kind;
  std::size_t files = 0;
  std::uint64_t bytes = 0;
  std::uint64_t lines = 0;
};

/// What is told in the end.
struct Summary {
  std::vector<KindTotals> kinds;           ///< The largest first.
  std::vector<DuplicateGroup> duplicates;  ///< Those that waste most first.
  std::vector<Problem> problems;           ///< By path.
  KindTotals total;
  std::size_t links = 0;
  std::size_t special = 0;
};

/// Groups of files that may be duplicates: equal in size and hash. Empty files are all alike and left out.
std::vector<std::vector<const IndexedFile*>> find_candidates(const std::vector<IndexedFile>& files);

/// Sorts candidates by what they hold, since different contents may have the same hash.
Comparison compare(const fs::path& folder, const std::vector<const IndexedFile*>& candidates,
                   const baton::Context& context);

/// Totals by kind, the kind with the most bytes first.
std::vector<KindTotals> count_kinds(const std::vector<IndexedFile>& files);

/// @param most  How many groups of duplicates, and how many problems, are printed.
void print(std::ostream& out, const Summary& summary, std::size_t most);

}  // namespace indexer
