// SPDX-License-Identifier: MIT
#pragma once

#include <baton/graph/context.hpp>
#include <baton/graph/loop.hpp>

#include "scheduler/crew.hpp"

namespace baton::detail {

/// What the body of a part of a task sees of its run.
class PartContext : public Context {
 public:
  explicit PartContext(Crew& crew) : crew_(crew) {}

  [[nodiscard]] std::stop_token stop_token() const override { return crew_.stop_token(); }
  [[nodiscard]] bool stop_requested() const noexcept override { return crew_.stop_requested(); }
  /// @throws UsageError, as parts have no record that could wait.
  void park_for(Duration duration) override;
  [[nodiscard]] TimePoint now() const noexcept override;
  [[nodiscard]] std::uint32_t attempt() const noexcept override { return 1; }
  [[nodiscard]] std::string task_name() const override;
  [[nodiscard]] std::string path() const override;
  [[nodiscard]] std::uint64_t round() const noexcept override;
  [[nodiscard]] std::string_view workflow_name() const noexcept override;
  [[nodiscard]] std::uint64_t run_id() const noexcept override;
  /// @throws UsageError, unless overridden.
  void add(SpawnedPtr spawned) override;
  // Bodies of the library ask for these, and none of them is a part.
  void call(ChildCall&& child) override;
  void call(std::unique_ptr<ElementCalls> elements) override;
  void call(std::unique_ptr<ElementRuns> elements) override;
  [[nodiscard]] std::shared_ptr<Rounds>& rounds() noexcept override { return no_rounds_; }

 protected:
  /// What the name of the part has behind that of its task: `[3]`, `/page 7`.
  [[nodiscard]] virtual std::string suffix() const = 0;
  /// @throws UsageError: `what` is not for parts.
  [[noreturn]] void refuse(std::string_view what, std::string_view instead) const;

 private:
  Crew& crew_;
  std::shared_ptr<Rounds> no_rounds_;
};

}  // namespace baton::detail
