// SPDX-License-Identifier: MIT
#pragma once

#include <pthread.h>

#include <cstddef>
#include <exception>
#include <functional>
#include <stdexcept>
#include <utility>

namespace baton::test {

inline constexpr std::size_t small_stack_size = std::size_t{256} * 1024;

/// Calls `function` on a thread with a stack of 256 KiB, and waits for it.
inline void run_on_small_stack(std::function<void()> function) {
  struct Call {
    std::function<void()> function;
    std::exception_ptr error;
  } call{std::move(function), nullptr};
  pthread_attr_t attributes;
  pthread_attr_init(&attributes);
  pthread_attr_setstacksize(&attributes, small_stack_size);
  pthread_t thread{};
  const int error = pthread_create(
      &thread, &attributes,
      [](void* argument) -> void* {
        Call& mine = *static_cast<Call*>(argument);
        try {
          mine.function();
        } catch (...) {
          mine.error = std::current_exception();
        }
        return nullptr;
      },
      &call);
  pthread_attr_destroy(&attributes);
  if (error != 0) throw std::runtime_error("no thread with a small stack");
  pthread_join(thread, nullptr);
  if (call.error) std::rethrow_exception(call.error);
}

/// While one lives, new threads of this process get stacks of 256 KiB.
class SmallStacks {
 public:
  SmallStacks() {
    pthread_getattr_default_np(&before_);
    pthread_attr_t small;
    pthread_attr_init(&small);
    pthread_attr_setstacksize(&small, small_stack_size);
    if (pthread_setattr_default_np(&small) != 0) throw std::runtime_error("stacks cannot be made small");
    pthread_attr_destroy(&small);
  }
  SmallStacks(const SmallStacks&) = delete;
  SmallStacks& operator=(const SmallStacks&) = delete;
  ~SmallStacks() {
    pthread_setattr_default_np(&before_);
    pthread_attr_destroy(&before_);
  }

 private:
  pthread_attr_t before_;
};

}  // namespace baton::test
