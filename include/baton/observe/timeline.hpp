// SPDX-License-Identifier: MIT
#pragma once

#include <baton/base/export.hpp>
#include <baton/scheduler/observer.hpp>
#include <baton/scheduler/snapshot.hpp>

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

namespace baton {

/// Keeps what the tasks of each run did when: what traces and reports are made of.
///
/// About 60 bytes a task, until `forget`. Thread-safe: runs may be looked at while they go on; a task that changes
/// meanwhile is seen before or after the change, and its neighbours perhaps the other way round.
class BATON_API Timeline final : public Observer {
 public:
  Timeline();
  ~Timeline() override;

  void on_event(const Event& event) override;

  /// What is known of a run now, or nothing where no event of it came. O(tasks).
  [[nodiscard]] std::optional<Snapshot> find_run(std::uint64_t run) const;
  /// One task of a run, or nothing where no event of the run came, or it has no such task. O(1).
  [[nodiscard]] std::optional<TaskTiming> find_task(std::uint64_t run, TaskId task) const;
  /// The runs that are kept, oldest first.
  [[nodiscard]] std::vector<std::uint64_t> runs() const;
  /// Drops a run and its memory. One that goes on comes back, incomplete, with its next event.
  void forget(std::uint64_t run);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace baton
