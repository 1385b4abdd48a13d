// SPDX-License-Identifier: MIT
#include <baton/testing/dry_run.hpp>

#include <algorithm>
#include <array>
#include <chrono>
#include <ostream>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace baton {
namespace {

struct Unit {
  Duration length;
  const char* name;
};
constexpr std::array<Unit, 7> units{{{std::chrono::hours(24), "d"},
                                     {std::chrono::hours(1), "h"},
                                     {std::chrono::minutes(1), "min"},
                                     {std::chrono::seconds(1), "s"},
                                     {std::chrono::milliseconds(1), "ms"},
                                     {std::chrono::microseconds(1), "us"},
                                     {std::chrono::nanoseconds(1), "ns"}}};

/// Exact: `0 s`, `3 d 4 h`, `1 s 500 ms`.
std::string in_words(Duration span) {
  std::string text;
  for (const Unit& unit : units) {
    const auto count = span / unit.length;
    if (count == 0) continue;
    span -= count * unit.length;
    if (!text.empty()) text += ' ';
    text.append(std::to_string(count)).append(1, ' ').append(unit.name);
  }
  return text.empty() ? "0 s" : text;
}

std::string counted(std::size_t count, const char* one, const char* many) {
  return std::to_string(count) + ' ' + (count == 1 ? one : many);
}

/// `10 tasks: 8 succeeded, 1 failed, 1 omitted`
std::string counts_of(const DryRun& run) {
  std::array<std::size_t, task_state_count> counts{};
  for (const DryRunTask& task : run.tasks()) ++counts[static_cast<std::size_t>(task.outcome)];
  std::string text = counted(run.tasks().size(), "task", "tasks");
  const char* before = ": ";
  for (std::size_t state = 0; state < counts.size(); ++state) {
    if (counts[state] == 0) continue;
    text.append(std::exchange(before, ", ")).append(std::to_string(counts[state])).append(1, ' ');
    text += to_string(static_cast<TaskState>(state));
  }
  return text;
}

/// What is not as it mostly is: `  failed after 3 attempts`.
std::string remark_on(const DryRunTask& task) {
  std::string text;
  if (task.outcome != TaskState::succeeded) text.append("  ").append(to_string(task.outcome));
  if (task.attempts > 1) text.append("  after ").append(std::to_string(task.attempts)).append(" attempts");
  return text;
}

}  // namespace

std::string to_string(const DryRun& run) {
  const std::string_view name = run.plan().name();
  std::string text = "dry run";
  if (!name.empty()) text.append(" of '").append(name).append(1, '\'');
  text.append(": ").append(to_string(run.state())).append(" after ").append(in_words(run.makespan()));
  text.append(" on ").append(counted(run.threads_, "thread", "threads")).append("; ").append(counts_of(run));
  text += '\n';

  if (run.tasks().empty()) return text;

  // The first row says what the columns are.
  struct Row {
    std::string start, end, task;
  };
  std::vector<Row> rows{{"start", "end", "task"}};
  rows.reserve(run.order().size() + 1);
  for (const TaskId id : run.order()) {
    const DryRunTask& task = run[id];
    rows.push_back({task.attempts == 0 ? "-" : in_words(task.start), in_words(task.end),
                    run.plan().task_name(id) + remark_on(task)});
  }
  std::size_t start_width = 0;
  std::size_t end_width = 0;
  for (const Row& row : rows) {
    start_width = std::max(start_width, row.start.size());
    end_width = std::max(end_width, row.end.size());
  }
  const auto add_right = [&text](const std::string& word, std::size_t width) {
    text.append(2 + width - word.size(), ' ').append(word);
  };
  for (const Row& row : rows) {
    add_right(row.start, start_width);
    add_right(row.end, end_width);
    text.append("  ").append(row.task).append(1, '\n');
  }
  return text;
}

std::ostream& operator<<(std::ostream& out, const DryRun& run) { return out << to_string(run); }

}  // namespace baton
