// SPDX-License-Identifier: MIT
#include "testing/name_pattern.hpp"

#include <baton/base/error.hpp>

#include <algorithm>
#include <numeric>
#include <utility>

namespace baton::detail {

// When the rest does not match, only the last star has to take one character more: what came before it has matched as
// early as it could.
bool matches(std::string_view pattern, std::string_view name) noexcept {
  constexpr std::size_t none = std::string_view::npos;
  std::size_t at = 0;
  std::size_t in_name = 0;
  std::size_t after_star = none;
  std::size_t star_ends = 0;  // in the name
  while (in_name < name.size()) {
    if (at < pattern.size() && pattern[at] == '*') {
      after_star = ++at;
      star_ends = in_name;
    } else if (at < pattern.size() && (pattern[at] == name[in_name] || (pattern[at] == '?' && name[in_name] != '/'))) {
      ++at;
      ++in_name;
    } else if (after_star != none && name[star_ends] != '/') {
      at = after_star;
      in_name = ++star_ends;
    } else {
      return false;
    }
  }
  return pattern.find_first_not_of('*', at) == none;
}

std::vector<std::size_t> find_matches(std::string_view pattern, const std::vector<std::string>& names) {
  std::vector<std::size_t> found;
  for (std::size_t place = 0; place < names.size(); ++place) {
    if (matches(pattern, names[place])) found.push_back(place);
  }
  return found;
}

namespace {

/// How many characters have to be added, dropped or changed to make one of the other.
std::size_t edits_between(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 0; i < a.size(); ++i) {
    std::size_t diagonal = std::exchange(row[0], i + 1);
    for (std::size_t j = 0; j < b.size(); ++j) {
      const std::size_t change = diagonal + (a[i] == b[j] ? 0 : 1);
      diagonal = std::exchange(row[j + 1], std::min({change, row[j] + 1, row[j + 1] + 1}));
    }
  }
  return row.back();
}

}  // namespace

std::string nearest_names(std::string_view pattern, const std::vector<std::string>& names) {
  std::vector<std::pair<std::size_t, std::size_t>> by_edits;  // then the place
  for (std::size_t place = 0; place < names.size(); ++place) {
    by_edits.emplace_back(edits_between(pattern, names[place]), place);
  }
  const std::size_t count = std::min<std::size_t>(3, by_edits.size());
  const auto end = by_edits.begin() + static_cast<std::ptrdiff_t>(count);
  std::partial_sort(by_edits.begin(), end, by_edits.end());
  std::string text;
  for (auto each = by_edits.begin(); each != end; ++each) {
    text += each == by_edits.begin() ? count == 1 ? "; the nearest name is '" : "; the nearest names are '" : ", '";
    text += names[each->second];
    text += '\'';
  }
  return text;
}

void check_pattern(std::string_view user, std::string_view pattern) {
  const std::string start = std::string(user) + ": ";
  if (pattern.empty()) throw UsageError(start + "the pattern is empty; name a task, or pass \"*\" for all");
  if (pattern.find_first_of("[]") == std::string_view::npos) return;
  throw UsageError(start + "'" + std::string(pattern) +
                   "' is no task: elements of a map and rounds of a loop are parts of one; name that task, or do it to "
                   "the workflow of which the map or the loop runs a plan");
}

}  // namespace baton::detail
