// SPDX-License-Identifier: MIT
#include "scheduler/spawn_tree.hpp"

#include <baton/base/error.hpp>
#include <baton/base/part_failed.hpp>

#include "base/fault_point.hpp"
#include "scheduler/part_context.hpp"
#include "scheduler/run_core.hpp"

#include <vector>

namespace baton::detail {
namespace {

/// What the body of a spawned task sees of its run.
class SpawnedContext final : public PartContext {
 public:
  SpawnedContext(SpawnTree& tree, Spawned& spawned) : PartContext(tree), tree_(tree), spawned_(spawned) {}

  void add(SpawnedPtr more) override { tree_.add(std::move(more), &spawned_, count_); }

 private:
  [[nodiscard]] std::string suffix() const override { return SpawnTree::suffix_of(spawned_); }

  SpawnTree& tree_;
  Spawned& spawned_;
  std::uint32_t count_ = 0;
};

}  // namespace

SpawnTree::~SpawnTree() {
  while (Spawned* const spawned = pop()) release(spawned);
}

std::string SpawnTree::suffix_of(const Spawned& spawned) {
  std::vector<const Spawned*> path;
  for (const Spawned* each = &spawned; each != nullptr; each = each->parent) path.push_back(each);
  std::string name;
  for (auto each = path.rbegin(); each != path.rend(); ++each) {
    name += '/';
    if ((*each)->name().empty()) {
      name += std::to_string((*each)->number);
    } else {
      name += (*each)->name();
    }
  }
  return name;
}

void SpawnTree::add(SpawnedPtr spawned, Spawned* parent, std::uint32_t& count) {
  if (spawned->name().find_first_of("/[]") != std::string_view::npos) {
    throw UsageError(run().label(task()) + " spawns '" + std::string(spawned->name()) +
                     "': names may not contain '/', '[' or ']', which derived names use");
  }
  fault_point(FaultPoint::spawn_part);
  spawned->parent = parent;
  spawned->number = count++;
  if (parent != nullptr) parent->references.fetch_add(1, std::memory_order_relaxed);
  push(*spawned.release());
  if (has_free_place()) call_one();
}

// ---- The stack ----

void SpawnTree::push(Spawned& spawned) noexcept {
  const std::lock_guard lock(tree_mutex_);
  spawned.next = std::exchange(top_, &spawned);
  waiting_.fetch_add(1, std::memory_order_seq_cst);
}

Spawned* SpawnTree::pop() noexcept {
  const std::lock_guard lock(tree_mutex_);
  Spawned* const spawned = top_;
  if (spawned == nullptr) return nullptr;
  top_ = spawned->next;
  waiting_.fetch_sub(1, std::memory_order_seq_cst);
  return spawned;
}

// A chain of parents may be long.
void SpawnTree::release(Spawned* spawned) noexcept {
  while (spawned != nullptr && spawned->references.fetch_sub(1, std::memory_order_acq_rel) == 1) {
    Spawned* const parent = spawned->parent;
    spawned->free();
    spawned = parent;
  }
}

// ---- Running ----

std::uint32_t SpawnTree::work(Member&, std::uint32_t most) noexcept {
  std::uint32_t called = 0;
  for (; called < most && !is_paused(); ++called) {
    Spawned* const spawned = pop();
    if (spawned == nullptr) break;
    if (stop_requested()) {
      any_cancelled_.store(true, std::memory_order_relaxed);
    } else {
      if (has_free_place() && anything_to_do()) call_one();
      run_one(*spawned);
    }
    spawned->drop_body();
    release(spawned);
  }
  return called;
}

void SpawnTree::run_one(Spawned& spawned) noexcept {
  SpawnedContext context(*this, spawned);
  try {
    spawned.call(context);
    return;
  } catch (const Cancelled&) {
    any_cancelled_.store(true, std::memory_order_relaxed);
  } catch (...) {
    note_failure(spawned, std::current_exception());
  }
  stop();
}

void SpawnTree::note_failure(const Spawned& spawned, const std::exception_ptr& error) noexcept {
  std::exception_ptr named;
  try {
    named = std::make_exception_ptr(PartFailed(run().data().label(task()) + suffix_of(spawned), error));
  } catch (...) {
    named = error;
  }
  const std::lock_guard lock(tree_mutex_);
  if (error_ == nullptr) error_ = named;
}

bool SpawnTree::finish(RunCore& run, std::uint32_t task, ParkedTask& parked) noexcept {
  const bool cancelled = any_cancelled_.load(std::memory_order_relaxed);
  if (parked.end != TaskState::succeeded || (error_ == nullptr && !cancelled)) return false;
  if (parked.has_value) run.destroy_value(task);
  parked.has_value = false;
  parked.until = TimePoint{};
  parked.end = error_ != nullptr ? TaskState::failed : TaskState::cancelled;
  parked.error = error_;
  if (parked.loop) parked.loop->is_broken = true;
  return false;
}

}  // namespace baton::detail
