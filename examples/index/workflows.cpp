// SPDX-License-Identifier: MIT
#include "workflows.hpp"

#include <baton/baton.hpp>

#include <algorithm>
#include <string>
#include <unordered_set>
#include <utility>

namespace indexer {
namespace {

/// Names of tasks made of paths: `src › main.cpp`. A slash and brackets have a meaning in names of tasks.
class TaskNames {
 public:
  std::string make(const fs::path& path) {
    std::string name;
    for (const char c : path.generic_string()) {
      if (c == '/') {
        name += " › ";
      } else {
        name += c == '[' ? '(' : c == ']' ? ')' : c;
      }
    }
    std::string unique = name;
    for (int i = 2; !taken_.insert(unique).second; ++i) unique = name + " (" + std::to_string(i) + ")";
    return unique;
  }

 private:
  std::unordered_set<std::string> taken_;
};

using Duplicates = Comparison;

Duplicates merge(const baton::Values<Comparison>& comparisons) {
  Duplicates all;
  for (const Comparison& one : comparisons) {
    all.groups.insert(all.groups.end(), one.groups.begin(), one.groups.end());
    all.problems.insert(all.problems.end(), one.problems.begin(), one.problems.end());
  }
  std::stable_sort(all.groups.begin(), all.groups.end(),
                   [](const DuplicateGroup& a, const DuplicateGroup& b) { return a.spare_bytes() > b.spare_bytes(); });
  return all;
}

Summary put_together(const Listing& listing, const Reading& reading, const std::vector<KindTotals>& kinds,
                     const Duplicates& duplicates) {
  Summary summary;
  summary.kinds = kinds;
  summary.duplicates = duplicates.groups;
  summary.problems = reading.problems;
  summary.problems.insert(summary.problems.end(), duplicates.problems.begin(), duplicates.problems.end());
  std::stable_sort(summary.problems.begin(), summary.problems.end(),
                   [](const Problem& a, const Problem& b) { return a.path < b.path; });
  summary.total.kind = "total";
  for (const KindTotals& row : kinds) {
    summary.total.files += row.files;
    summary.total.bytes += row.bytes;
    summary.total.lines += row.lines;
  }
  summary.links = listing.links;
  summary.special = listing.special;
  return summary;
}

}  // namespace

Reading read_all(baton::Scheduler& scheduler, const fs::path& folder, const Listing& listing,
                 const std::vector<std::shared_ptr<baton::Observer>>& observers) {
  baton::Workflow flow{"read files"};
  std::vector<baton::Task<FileInfo>> tasks;
  tasks.reserve(listing.files.size());
  TaskNames names;
  for (const fs::path& path : listing.files) {
    tasks.push_back(flow.task(names.make(path), [&folder, &path](const baton::Context& context) {
      return read_file(folder / path, context);
    }));
  }
  const baton::Run run = scheduler.start(flow.build(), {.observers = observers});
  run.wait();

  Reading reading{{}, listing.problems};
  for (std::size_t i = 0; i < tasks.size(); ++i) {
    if (run.state(tasks[i]) == baton::TaskState::succeeded) {
      reading.files.push_back({listing.files[i], run.result(tasks[i])});
    } else {
      reading.problems.push_back({listing.files[i].string(), baton::describe(run.error(tasks[i]))});
    }
  }
  return reading;
}

Summary summarize(baton::Scheduler& scheduler, const fs::path& folder, const Listing& listing, const Reading& reading) {
  baton::Workflow flow{"summarize"};
  const auto kinds = flow.task("count kinds", [&reading] { return count_kinds(reading.files); });

  const auto candidates = find_candidates(reading.files);
  std::vector<baton::Task<Comparison>> comparisons;
  for (const auto& group : candidates) {
    comparisons.push_back(
        flow.task("compare " + std::to_string(comparisons.size()),
                  [&folder, &group](const baton::Context& context) { return compare(folder, group, context); }));
  }
  const auto duplicates = flow.task("find duplicates", merge, comparisons);
  const auto summary = flow.task(
      "put together",
      [&](const std::vector<KindTotals>& by_kind, const Duplicates& found) {
        return put_together(listing, reading, by_kind, found);
      },
      kinds, duplicates);
  return scheduler.start(flow.build()).get(summary);
}

}  // namespace indexer
