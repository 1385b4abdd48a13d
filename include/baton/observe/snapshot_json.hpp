// SPDX-License-Identifier: MIT
#pragma once

#include <baton/base/export.hpp>
#include <baton/graph/layout.hpp>
#include <baton/scheduler/snapshot.hpp>

#include <string>

namespace baton {

/// The snapshot as a JSON object on one line, for pages and tools. Its members are described in
/// docs/reference/snapshot.md and snapshot.schema.json; a later version of baton may add some, and says so by `format`
/// where it takes some away.
///
/// Times are whole nanoseconds since the start of the run. Names and messages that are not UTF-8 have U+FFFD where
/// they are not. O(tasks + edges).
[[nodiscard]] BATON_API std::string to_json(const Snapshot& snapshot);
/// The same with the place of each task, for a page that draws the graph.
/// @param layout  Made of the snapshot's plan by `lay_out`.
/// @throws UsageError when it is of another number of tasks.
[[nodiscard]] BATON_API std::string to_json(const Snapshot& snapshot, const PlanLayout& layout);

/// What changed, for whoever has the JSON of the snapshot that it continues: members that both have mean the same.
[[nodiscard]] BATON_API std::string to_json(const SnapshotChanges& changes);

}  // namespace baton
