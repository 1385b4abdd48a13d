// SPDX-License-Identifier: MIT
#include <baton/executor/manual_executor.hpp>

#include "fifo_queue.hpp"

namespace baton {
namespace {

// The executors that the calling thread is running at the moment, the innermost first.
struct Running {
  const ManualExecutor* executor;
  const Running* outer;
};
constinit thread_local const Running* innermost = nullptr;

class RunningScope {
 public:
  explicit RunningScope(const ManualExecutor& executor) noexcept : running_{&executor, innermost} {
    innermost = &running_;
  }
  RunningScope(const RunningScope&) = delete;
  RunningScope& operator=(const RunningScope&) = delete;
  ~RunningScope() { innermost = running_.outer; }

 private:
  Running running_;
};

}  // namespace

struct ManualExecutor::Impl {
  detail::FifoQueue<Work> posted;
  std::shared_ptr<const void> callable;
  void (*on_post)(const void* callable) noexcept = nullptr;
};

ManualExecutor::ManualExecutor() : ManualExecutor(nullptr, nullptr) {}

ManualExecutor::ManualExecutor(std::shared_ptr<const void> callable, void (*on_post)(const void*) noexcept)
    : impl_(std::make_unique<Impl>()) {
  impl_->callable = std::move(callable);
  impl_->on_post = on_post;
}

ManualExecutor::~ManualExecutor() = default;

bool ManualExecutor::run_one() noexcept {
  Work* const work = impl_->posted.pop();
  if (work == nullptr) return false;
  const RunningScope scope(*this);
  work->run(Budget{.tasks = 1});
  return true;
}

std::size_t ManualExecutor::run_until_idle() noexcept {
  const RunningScope scope(*this);
  std::size_t count = 0;
  while (Work* const work = impl_->posted.pop()) {
    work->run(Budget{});
    ++count;
  }
  return count;
}

bool ManualExecutor::empty() const noexcept { return impl_->posted.empty(); }

void ManualExecutor::post(Work& work) noexcept {
  const auto on_post = impl_->on_post;
  if (on_post == nullptr) {
    impl_->posted.push(work);
    return;
  }
  // As soon as the work is pushed, another thread may run it and then destroy this executor.
  const std::shared_ptr<const void> callable = impl_->callable;
  impl_->posted.push(work);
  on_post(callable.get());
}

bool ManualExecutor::on_worker() const noexcept {
  for (const Running* running = innermost; running != nullptr; running = running->outer) {
    if (running->executor == this) return true;
  }
  return false;
}

bool ManualExecutor::try_run_one() noexcept { return run_one(); }

}  // namespace baton
