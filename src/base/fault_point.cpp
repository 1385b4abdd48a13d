// SPDX-License-Identifier: MIT
#include "base/fault_point.hpp"

#include <mutex>

namespace baton::detail {

std::atomic<bool> any_fault_source{false};

namespace {

std::mutex source_mutex;
FaultSource* source = nullptr;  // guarded by source_mutex

}  // namespace

void pass_fault_point(FaultPoint point) {
  const std::lock_guard lock(source_mutex);
  if (source != nullptr) source->pass(point);
}

bool set_fault_source(FaultSource& wanted) noexcept {
  const std::lock_guard lock(source_mutex);
  if (source != nullptr) return false;
  source = &wanted;
  any_fault_source.store(true, std::memory_order_relaxed);
  return true;
}

void remove_fault_source() noexcept {
  const std::lock_guard lock(source_mutex);
  any_fault_source.store(false, std::memory_order_relaxed);
  source = nullptr;
}

}  // namespace baton::detail
