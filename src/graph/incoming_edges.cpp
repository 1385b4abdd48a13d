// SPDX-License-Identifier: MIT
#include "graph/incoming_edges.hpp"

#include "graph/cleanup_order.hpp"
#include "graph/definition.hpp"

#include <algorithm>
#include <numeric>
#include <unordered_map>
#include <vector>

namespace baton::detail {
namespace {

constexpr std::size_t max_edges = UINT32_MAX;

/// Leaves the first of each source in the lists of tasks that come one after the other.
class Distinct {
 public:
  explicit Distinct(std::uint32_t task_count) : task_count_(task_count) {}

  /// @returns the new end.
  std::uint32_t* keep(std::uint32_t* begin, const std::uint32_t* end, std::uint32_t task) {
    std::uint32_t* kept = begin;
    if (end - begin <= few) {
      for (const std::uint32_t* each = begin; each != end; ++each) {
        const std::uint32_t* same = begin;
        while (same != kept && *same != *each) ++same;
        if (same == kept) *kept++ = *each;
      }
      return kept;
    }
    if (last_task_.empty()) last_task_.assign(task_count_, UINT32_MAX);
    for (const std::uint32_t* each = begin; each != end; ++each) {
      if (std::exchange(last_task_[*each], task) != task) *kept++ = *each;
    }
    return kept;
  }

 private:
  static constexpr std::ptrdiff_t few = 8;
  const std::uint32_t task_count_;
  std::vector<std::uint32_t> last_task_;  // by source: in whose list it was seen last
};

class Collector {
 public:
  Collector(Definition& definition, bool consume)
      : definition_(definition), consume_(consume), task_count_(static_cast<std::uint32_t>(definition.tasks.size())) {}

  IncomingEdges collect() {
    edges_.first.resize_uninitialized(std::size_t{task_count_} + 1);
    const EdgeLog& log = definition_.edges;
    const bool all_count = definition_.live_count == task_count_ && !log.has_removals() && definition_.wires.empty() &&
                           definition_.controls.empty() && definition_.cleanup.empty();
    if (log.has_removals()) find_last_words();
    if (!definition_.cleanup.empty()) {
      Edges declared;
      for_each_edge([&](std::uint32_t from, std::uint32_t to) { declared.emplace_back(from, to); });
      cleanup_edges_ = order_cleanup(definition_, declared);
    }
    all_count&& log.grouped() ? strip_log() : sort();
    return std::move(edges_);
  }

 private:
  void strip_log();
  void sort();
  void find_last_words();
  template <typename Visit>
  void for_each_edge(Visit&& visit) const;
  void note_degree(std::ptrdiff_t degree) {
    edges_.max_degree = std::max(edges_.max_degree, static_cast<std::uint32_t>(degree));
  }

  Definition& definition_;
  const bool consume_;
  const std::uint32_t task_count_;
  std::unordered_map<std::uint64_t, bool> last_word_;  // by pair: whether the edge is there; only with removals
  Edges cleanup_edges_;                                // those that nobody declared
  IncomingEdges edges_;
};

// A log in the right order already is the lists, when the words between them are taken out.
void Collector::strip_log() {
  edges_.forward = definition_.edges.forward();
  Buffer<std::uint32_t> words = consume_ ? definition_.edges.take_words() : definition_.edges.words();
  if (words.size() > max_edges) throw UsageError("a plan has at most 4294967295 edges");
  Distinct distinct(task_count_);
  std::uint32_t next = 0;  // the first task without a begin
  std::uint32_t* kept = words.begin();
  const auto begin_lists_up_to = [&](std::uint32_t task) {
    for (; next <= task; ++next) edges_.first[next] = static_cast<std::uint32_t>(kept - words.begin());
  };
  for (const std::uint32_t *word = words.begin(), *const end = words.end(); word != end;) {
    const std::uint32_t task = *word++ & ~EdgeLog::target_bit;
    begin_lists_up_to(task);
    std::uint32_t* const begin = kept;
    while (word != end && (*word & EdgeLog::target_bit) == 0) *kept++ = *word++;
    kept = distinct.keep(begin, kept, task);
    note_degree(kept - begin);
  }
  begin_lists_up_to(task_count_);
  words.shrink(static_cast<std::size_t>(kept - words.begin()));
  edges_.sources = std::move(words);
}

template <typename Visit>
void Collector::for_each_edge(Visit&& visit) const {
  const auto live = [this](std::uint32_t task) { return definition_.tasks[task].type != nullptr; };
  definition_.edges.for_each([&](std::uint32_t from, std::uint32_t to, bool removed) {
    if (removed || !live(from) || !live(to)) return;
    if (last_word_.empty() || last_word_.find(std::uint64_t{from} << 32 | to)->second) visit(from, to);
  });
  for (const auto& [from, to] : cleanup_edges_) visit(from, to);
  for (const auto& [task, control] : definition_.controls) {
    for (const CompiledStep& step : control.rule) {
      if (step.op == RuleStep::Op::outcome && live(step.operand)) visit(step.operand, task);
    }
  }
  if (definition_.wires.empty()) return;
  for (std::uint32_t task = 0; task < task_count_; ++task) {
    if (!live(task)) continue;
    definition_.for_each_wire(task, [&](std::uint32_t producer, bool, Use) {
      if (live(producer)) visit(producer, task);
    });
  }
}

void Collector::find_last_words() {
  definition_.edges.for_each([&](std::uint32_t from, std::uint32_t to, bool removed) {
    last_word_[std::uint64_t{from} << 32 | to] = !removed;
  });
}

// A counting sort by target.
void Collector::sort() {
  Buffer<std::uint32_t>& first = edges_.first;
  std::fill(first.begin(), first.end(), 0);
  std::size_t count = 0;
  for_each_edge([&](std::uint32_t from, std::uint32_t to) {
    ++first[to];
    ++count;
    edges_.forward = edges_.forward && from < to;
  });
  if (count > max_edges) throw UsageError("a plan has at most 4294967295 edges");
  // Each begin is first the end of its list, and moves down as the list fills from its end.
  std::partial_sum(first.begin(), first.end(), first.begin());
  edges_.sources.resize_uninitialized(count);
  for_each_edge([&](std::uint32_t from, std::uint32_t to) { edges_.sources[--first[to]] = from; });
  if (consume_) definition_.edges = EdgeLog();

  Distinct distinct(task_count_);
  std::uint32_t* kept = edges_.sources.begin();
  for (std::uint32_t task = 0; task < task_count_; ++task) {
    std::uint32_t* const begin = edges_.sources.begin() + first[task];
    std::uint32_t* const end = edges_.sources.begin() + first[task + 1];
    std::uint32_t* const kept_end = distinct.keep(begin, end, task);
    first[task] = static_cast<std::uint32_t>(kept - edges_.sources.begin());
    if (kept != begin) std::copy(begin, kept_end, kept);
    kept += kept_end - begin;
    note_degree(kept_end - begin);
  }
  first[task_count_] = static_cast<std::uint32_t>(kept - edges_.sources.begin());
  edges_.sources.shrink(first[task_count_]);
}

}  // namespace

IncomingEdges collect_incoming_edges(Definition& definition, bool consume) {
  return Collector(definition, consume).collect();
}

}  // namespace baton::detail
