// SPDX-License-Identifier: MIT
#include "scheduler/observers.hpp"

#include <algorithm>
#include <thread>

namespace baton {

Observer::~Observer() = default;

std::string_view to_string(Event::Kind kind) noexcept {
  switch (kind) {
    case Event::Kind::run_started:
      return "run_started";
    case Event::Kind::task_ready:
      return "task_ready";
    case Event::Kind::task_waiting:
      return "task_waiting";
    case Event::Kind::task_started:
      return "task_started";
    case Event::Kind::task_ended:
      return "task_ended";
    case Event::Kind::run_ended:
      return "run_ended";
  }
  return "unknown";
}

namespace detail {
namespace {

/// The observers that are being called on this thread, innermost last.
struct Calling {
  const Observer* observer;
  Calling* outer;
  static thread_local Calling* innermost;
};
thread_local Calling* Calling::innermost = nullptr;

std::uint32_t calls_on_this_thread(const Observer* observer) {
  std::uint32_t calls = 0;
  for (const Calling* call = Calling::innermost; call != nullptr; call = call->outer)
    calls += call->observer == observer ? 1 : 0;
  return calls;
}

}  // namespace

void Observers::add(std::shared_ptr<Observer> observer) {
  auto entry = std::make_shared<Entry>();
  entry->observer = std::move(observer);
  const std::lock_guard lock(mutex_);
  auto list = std::make_shared<List>(*list_);
  list->push_back(std::move(entry));
  list_ = std::move(list);
}

void Observers::remove(const std::shared_ptr<Observer>& observer) {
  std::vector<std::shared_ptr<Entry>> gone;
  {
    const std::lock_guard lock(mutex_);
    auto list = std::make_shared<List>();
    for (const auto& entry : *list_) (entry->observer == observer ? gone : *list).push_back(entry);
    list_ = std::move(list);
  }
  const std::uint32_t own = calls_on_this_thread(observer.get());
  for (const auto& entry : gone) {
    entry->removed.store(true, std::memory_order_seq_cst);
    // An observer's call is short by contract, and removing one is rare: no need for more than yielding.
    while (entry->calls.load(std::memory_order_seq_cst) > own) std::this_thread::yield();
  }
}

bool Observers::empty() const {
  const std::lock_guard lock(mutex_);
  return list_->empty();
}

void Observers::tell(const Event& event) const noexcept {
  std::shared_ptr<const List> list;
  {
    const std::lock_guard lock(mutex_);
    list = list_;
  }
  for (const auto& entry : *list) {
    entry->calls.fetch_add(1, std::memory_order_seq_cst);
    if (!entry->removed.load(std::memory_order_seq_cst)) {
      Calling call{entry->observer.get(), Calling::innermost};
      Calling::innermost = &call;
      try {
        entry->observer->on_event(event);
      } catch (...) {
        errors_->fetch_add(1, std::memory_order_relaxed);
      }
      Calling::innermost = call.outer;
    }
    entry->calls.fetch_sub(1, std::memory_order_release);
  }
}

}  // namespace detail
}  // namespace baton
