// SPDX-License-Identifier: MIT
#include "scheduler/map_end.hpp"

#include "scheduler/child_run.hpp"
#include "scheduler/run_core.hpp"

#include <utility>

namespace baton::detail {

std::string MapEnd::name_of(std::size_t element) const {
  return run_.data().label(task_) + "[" + std::to_string(element) + "]";
}

bool MapEnd::element_threw(std::size_t element, const std::exception_ptr& error, std::uint32_t attempt,
                           bool asked) noexcept {
  try {
    std::rethrow_exception(error);
  } catch (const Cancelled&) {
    return element_cancelled(element, asked);
  } catch (...) {
    return element_failed(element, error, attempt);
  }
}

bool MapEnd::element_cancelled(std::size_t element, bool asked, const std::exception_ptr& error) noexcept {
  return !asked && keep_outcome(element, TaskState::cancelled, error);
}

std::exception_ptr MapEnd::cancel_error(std::size_t element, const std::string& cause) const {
  std::string text = name_of(element) + " was cancelled";
  if (!cause.empty()) text += ": " + cause;
  return std::make_exception_ptr(Cancelled(text));
}

// Here is where an element could be called again.
bool MapEnd::element_failed(std::size_t element, const std::exception_ptr& error, std::uint32_t) noexcept {
  if (keep_outcome(element, TaskState::failed, error)) return true;
  const std::lock_guard lock(mutex_);
  if (error_ == nullptr || element < failed_) {
    error_ = error;
    failed_ = element;
  }
  return false;
}

bool MapEnd::keep_outcome(std::size_t element, TaskState state, const std::exception_ptr& error) noexcept {
  try {
    if (!elements_.keep_outcome(element, state, error)) return false;
    count_kept(1);
    return true;
  } catch (...) {
    return false;
  }
}

void MapEnd::wrap_up() noexcept {
  if (error_ != nullptr && is_child_failure(error_)) return;  // its text names the element
  if (error_ != nullptr) {
    try {
      error_ = std::make_exception_ptr(PartFailed(name_of(failed_), error_));
    } catch (...) {
      error_ = std::current_exception();
    }
  } else if (kept() == elements_.count()) {
    try {
      elements_.gather();
    } catch (...) {
      error_ = std::current_exception();
    }
  }
}

void MapEnd::finish(ParkedTask& parked) noexcept {
  parked.end = TaskState::failed;
  if (error_ != nullptr) {
    parked.error = error_;
  } else if (kept() != elements_.count()) {
    parked.end = TaskState::cancelled;
  } else {
    try {
      if (run_.plan().result_type(TaskId{task_})->size != 0) {
        elements_.deliver(run_.value(task_));
        parked.has_value = true;
      }
      parked.end = TaskState::succeeded;
    } catch (...) {
      parked.error = std::current_exception();
    }
  }
}

}  // namespace baton::detail
