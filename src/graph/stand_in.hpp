// SPDX-License-Identifier: MIT
#pragma once

#include <baton/base/export.hpp>
#include <baton/graph/body.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

// Bodies that are called in place of others, for tests of workflows.

namespace baton::detail {

class Definition;

/// The body that a task had. Valid as long as workflows and plans with the task.
struct OriginalBody {
  Invoke invoke;
  alignas(void*) std::byte capture[inline_capture_size];

  void call(const Frame& frame, std::uint32_t task) const { invoke(capture, frame, task); }
};

/// Is called instead of a task's body. Concurrently, as bodies are.
class BATON_API StandIn {
 public:
  StandIn() = default;
  StandIn(const StandIn&) = delete;
  StandIn& operator=(const StandIn&) = delete;
  virtual ~StandIn();

  /// Keeps the result in the run, by itself or by `original`. The frame has a Context. Where that keeps Rounds, which a
  /// stand-in may begin for any task, `call` is called again.
  virtual void call(const OriginalBody& original, const Frame& frame, std::uint32_t task) const = 0;
};

/// A task with a body of the user's.
struct NamedBody {
  std::uint32_t task;  // the number in the definition
  std::string name;    // or #17
  TypeRef result;
};

/// Inputs and what only puts cleanup in its place have no body of the user's.
[[nodiscard]] BATON_API std::vector<NamedBody> bodies_of(const Definition& definition);
/// The names of the inputs.
[[nodiscard]] BATON_API std::vector<std::string> input_names(const Definition& definition);

/// Lets `stand_in` be called instead of the body of `task`, in `definition` and in what is built or copied from it from
/// now on. All else that is known of the task stays.
BATON_API void put_in_place(Definition& definition, std::uint32_t task, std::shared_ptr<const StandIn> stand_in);

}  // namespace baton::detail
