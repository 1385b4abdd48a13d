// SPDX-License-Identifier: MIT
#include <baton/executor/thread_pool.hpp>

#include "pool.hpp"

#include <baton/base/error.hpp>

#include <cstdio>
#include <cstdlib>

namespace baton {
namespace {

// For misuse where no exception can be thrown and going on would hang or lose work.
[[noreturn]] void end_process(const char* message) noexcept {
  std::fputs(message, stderr);
  std::abort();
}

ThreadPoolOptions with_threads(std::size_t threads) {
  ThreadPoolOptions options;
  options.threads = threads;
  return options;
}

}  // namespace

ThreadPool::ThreadPool(ThreadPoolOptions options) : pool_(std::make_unique<detail::Pool>(std::move(options))) {}

ThreadPool::ThreadPool(std::size_t threads) : ThreadPool(with_threads(threads)) {}

ThreadPool::~ThreadPool() {
  if (on_worker()) {
    end_process("baton: a ThreadPool is destroyed on one of its own workers, where it would wait for itself\n");
  }
  pool_->shutdown();
}

void ThreadPool::shutdown() {
  if (on_worker()) {
    throw UsageError("ThreadPool::shutdown: called on a worker of the pool, where it would wait for itself");
  }
  pool_->shutdown();
}

void ThreadPool::post(Work& work) noexcept {
  if (!pool_->post(work))
    end_process("baton: work is posted to a ThreadPool that was shut down, and could never run\n");
}

bool ThreadPool::try_submit(Work& work) noexcept { return pool_->submit(work); }

void ThreadPool::throw_shut_down(const char* call) {
  throw UsageError("ThreadPool::" + std::string(call) + ": the pool was shut down");
}

std::size_t ThreadPool::concurrency() const noexcept { return pool_->threads(); }

bool ThreadPool::on_worker() const noexcept { return pool_->current() != nullptr; }

bool ThreadPool::begin_blocking() noexcept {
  detail::Worker* const me = pool_->current();
  return me != nullptr && pool_->begin_blocking(*me);
}

void ThreadPool::end_blocking() noexcept {
  if (detail::Worker* const me = pool_->current()) pool_->end_blocking(*me);
}

bool ThreadPool::try_run_one() noexcept {
  detail::Worker* const me = pool_->current();
  return me != nullptr && pool_->run_one(*me);
}

ThreadPoolStats ThreadPool::stats() const { return pool_->stats(); }

}  // namespace baton
