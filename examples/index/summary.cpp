// SPDX-License-Identifier: MIT
#include "summary.hpp"

#include <baton/observe/text.hpp>

#include <algorithm>
#include <array>
#include <iomanip>
#include <map>
#include <ostream>
#include <string_view>
#include <tuple>
#include <utility>

namespace indexer {
namespace {

/// `1.5 MB`
std::string show_bytes(std::uint64_t bytes) {
  constexpr std::array<std::string_view, 5> units{" B", " kB", " MB", " GB", " TB"};
  std::uint64_t tenths = bytes * 10;
  std::size_t unit = 0;
  for (; tenths >= 10'000 && unit + 1 < units.size(); ++unit) tenths = (tenths + 500) / 1000;
  std::string text = std::to_string(tenths / 10);
  if (unit > 0 && tenths < 100) text += '.' + std::to_string(tenths % 10);
  return text.append(units[unit]);
}

/// `12,345`
std::string show_count(std::uint64_t count) {
  const std::string digits = std::to_string(count);
  std::string text;
  for (std::size_t i = 0; i < digits.size(); ++i) {
    if (i > 0 && (digits.size() - i) % 3 == 0) text += ',';
    text += digits[i];
  }
  return text;
}

std::string show_path(const fs::path& path) { return baton::one_line(path.string()); }

void print_row(std::ostream& out, const KindTotals& row) {
  out << std::left << std::setw(16) << row.kind << std::right << std::setw(10) << show_count(row.files) << std::setw(12)
      << show_bytes(row.bytes) << std::setw(14) << show_count(row.lines) << '\n';
}

/// Prints `list`, but not more than `most` of it.
template <typename Element, typename Print>
void print_list(std::ostream& out, const std::vector<Element>& list, std::size_t most, Print print_element) {
  for (std::size_t i = 0; i < list.size() && i < most; ++i) print_element(list[i]);
  if (list.size() > most) out << "  and " << show_count(list.size() - most) << " more, see summary.txt\n";
}

}  // namespace

std::vector<std::vector<const IndexedFile*>> find_candidates(const std::vector<IndexedFile>& files) {
  std::map<std::pair<std::uint64_t, std::uint64_t>, std::vector<const IndexedFile*>> by_content;
  for (const IndexedFile& file : files) {
    if (file.info.bytes > 0) by_content[{file.info.bytes, file.info.hash}].push_back(&file);
  }
  std::vector<std::vector<const IndexedFile*>> candidates;
  for (auto& [content, group] : by_content) {
    if (group.size() > 1) candidates.push_back(std::move(group));
  }
  return candidates;
}

Comparison compare(const fs::path& folder, const std::vector<const IndexedFile*>& candidates,
                   const baton::Context& context) {
  std::vector<DuplicateGroup> groups;
  std::map<std::string, std::string> unreadable;
  Comparison result;
  for (const IndexedFile* file : candidates) {
    try {
      const auto holds_the_same = [&](const DuplicateGroup& group) {
        return have_same_content(folder / group.files.front()->path, folder / file->path, context);
      };
      const auto found = std::find_if(groups.begin(), groups.end(), holds_the_same);
      if (found == groups.end()) {
        groups.push_back({{file}});
      } else {
        found->files.push_back(file);
      }
    } catch (const ReadError& error) {
      // One of the two has changed since it was read. The others can still be compared.
      unreadable.emplace(error.path().lexically_relative(folder).string(), error.what());
    }
  }
  for (const auto& [path, cause] : unreadable) result.problems.push_back({path, cause});
  std::erase_if(groups, [](const DuplicateGroup& group) { return group.files.size() < 2; });
  result.groups = std::move(groups);
  return result;
}

std::vector<KindTotals> count_kinds(const std::vector<IndexedFile>& files) {
  std::map<std::string_view, KindTotals> by_kind;
  for (const IndexedFile& file : files) {
    KindTotals& row = by_kind[file.info.kind];
    row.kind = file.info.kind;
    ++row.files;
    row.bytes += file.info.bytes;
    row.lines += file.info.lines;
  }
  std::vector<KindTotals> rows;
  for (auto& [kind, row] : by_kind) rows.push_back(std::move(row));
  const auto is_larger = [](const KindTotals& a, const KindTotals& b) {
    return std::tuple(b.bytes, b.files, a.kind) < std::tuple(a.bytes, a.files, b.kind);
  };
  std::sort(rows.begin(), rows.end(), is_larger);
  return rows;
}

void print(std::ostream& out, const Summary& summary, std::size_t most) {
  out << "kind                 files        size         lines\n";
  for (const KindTotals& row : summary.kinds) print_row(out, row);
  print_row(out, summary.total);

  if (!summary.duplicates.empty()) {
    std::uint64_t spare = 0;
    for (const DuplicateGroup& group : summary.duplicates) spare += group.spare_bytes();
    out << "\ncontents that occur more than once: " << show_count(summary.duplicates.size()) << ", "
        << show_bytes(spare) << " could be saved\n";
    print_list(out, summary.duplicates, most, [&](const DuplicateGroup& group) {
      out << "  " << group.files.size() << " times " << show_bytes(group.files.front()->info.bytes) << ":\n";
      print_list(out, group.files, most,
                 [&](const IndexedFile* file) { out << "    " << show_path(file->path) << '\n'; });
    });
  }
  if (!summary.problems.empty()) {
    out << "\ncould not be read: " << show_count(summary.problems.size()) << '\n';
    print_list(out, summary.problems, most, [&](const Problem& problem) {
      out << "  " << baton::one_line(problem.path) << ": " << baton::one_line(problem.cause) << '\n';
    });
  }
  if (summary.links + summary.special > 0) {
    out << "\nleft out: symbolic links " << show_count(summary.links) << ", devices, pipes and sockets "
        << show_count(summary.special) << '\n';
  }
}

}  // namespace indexer
