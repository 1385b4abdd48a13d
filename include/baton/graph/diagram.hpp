// SPDX-License-Identifier: MIT
#pragma once

#include <baton/base/export.hpp>
#include <baton/base/state.hpp>
#include <baton/graph/plan.hpp>

#include <cstdint>
#include <span>
#include <string>

namespace baton {

/// Where the successors of a task are drawn.
enum class DiagramDirection : std::uint8_t { down, right };

/// What a diagram shows besides tasks and edges. The spans are read during the call only.
struct DiagramOptions {
  /// By task id; each task then gets the colour of its state, and a sign before its name, so that
  /// nothing is told by colour alone. Empty: no states.
  std::span<const TaskState> states{};
  /// A path, `critical_path(plan).tasks` for instance: its tasks and the edges between neighbours
  /// in the list are drawn thick.
  std::span<const TaskId> highlighted{};
  /// Where successors are drawn.
  DiagramDirection direction = DiagramDirection::down;
};

/// The plan in the language of Graphviz: `dot -Tsvg` draws it.
///
/// A task is the node `t` and its id, labelled with its name; nodes come in order of id, edges in
/// order of both their ids, so equal plans give equal texts. Names may hold anything: line breaks
/// stay such, other control characters are shown as pictures (U+2400 and on), and what is not UTF-8
/// as U+FFFD.
///
/// @throws UsageError when `states` is neither empty nor one a task, or `highlighted` holds an id
///         that the plan does not have.
///
/// Thread-safe. O(tasks + edges + length of the names).
[[nodiscard]] BATON_API std::string to_dot(const Plan& plan, DiagramOptions options = {});

/// The plan in the language of Mermaid, which many Markdown viewers draw. As `to_dot` otherwise.
///
/// Most viewers refuse more than 500 edges or 50,000 characters (Mermaid's `maxEdges` and
/// `maxTextSize`); this function does not.
[[nodiscard]] BATON_API std::string to_mermaid(const Plan& plan, DiagramOptions options = {});

/// The plan as a picture, placed by `lay_out`: one SVG that needs nothing else, for light and for dark pages.
///
/// A box shows the sign of its task's state and its name, shortened where it is long; the whole name appears when the
/// pointer rests on it. Control characters and what is not UTF-8 are shown as U+FFFD. Above 10,000 tasks or 30,000
/// edges boxes have no names and lines no arrows. As `to_dot` otherwise; the time is that of `lay_out`.
///
/// Its style says nothing about other parts of a page that it is pasted into.
[[nodiscard]] BATON_API std::string to_svg(const Plan& plan, DiagramOptions options = {});

}  // namespace baton
