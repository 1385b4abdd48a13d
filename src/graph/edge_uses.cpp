// SPDX-License-Identifier: MIT
#include "graph/edge_uses.hpp"

#include "graph/definition.hpp"
#include "graph/incoming_edges.hpp"

#include <algorithm>

namespace baton::detail {

EdgeUses find_edge_uses(const Definition& definition, const IncomingEdges& edges, bool any_declared) {
  EdgeUses uses;
  if (definition.wires.empty() && definition.controls.empty()) return uses;
  uses.use = EdgeUse::data;
  if (!any_declared) return uses;
  const auto task_count = static_cast<std::uint32_t>(definition.tasks.size());
  std::vector<std::uint32_t> last_user(task_count, UINT32_MAX);  // the last task seen that is given something of this
  uses.order_only.resize(edges.sources.size());
  bool any = false;
  for (std::uint32_t task = 0; task < task_count; ++task) {
    if (edges.degree(task) == 0) continue;
    definition.for_each_wire(task, [&](std::uint32_t producer, auto&&...) { last_user[producer] = task; });
    if (const auto control = definition.controls.find(task); control != definition.controls.end()) {
      for (const CompiledStep& step : control->second.rule) {
        if (step.op == RuleStep::Op::outcome) last_user[step.operand] = task;
      }
    }
    for (std::uint32_t at = edges.first[task]; at < edges.first[task + 1]; ++at) {
      if (last_user[edges.sources[at]] == task) continue;
      uses.order_only[at] = true;
      any = true;
    }
  }
  if (any) {
    uses.use = EdgeUse::mixed;
  } else {
    uses.order_only = {};
  }
  return uses;
}

}  // namespace baton::detail
