// SPDX-License-Identifier: MIT
#include <baton/testing/seeded_executor.hpp>

#include "testing/seeded_threads.hpp"

#include <utility>

namespace baton {

SeededStuck::~SeededStuck() = default;

class SeededExecutor::Impl {
 public:
  Impl(std::uint64_t seed, const SeededOptions& options) : threads(seed, options) {}
  detail::SeededThreads threads;
};

namespace {

SeededOptions checked(SeededOptions options) {
  if (options.workers == 0) throw UsageError("SeededExecutor: it needs at least one worker (SeededOptions::workers)");
  if (detail::this_lockstep() != nullptr) {
    throw UsageError("SeededExecutor: this thread belongs to another one, which has to be destroyed before");
  }
  return options;
}

}  // namespace

SeededExecutor::SeededExecutor(std::uint64_t seed, SeededOptions options)
    : impl_(std::make_unique<Impl>(seed, checked(options))) {}
SeededExecutor::~SeededExecutor() = default;

void SeededExecutor::restart(std::uint64_t seed) { impl_->threads.restart(seed); }
std::uint64_t SeededExecutor::seed() const noexcept { return impl_->threads.seed(); }

void SeededExecutor::add_thread(std::string name, std::function<void()> body) {
  impl_->threads.add_thread(detail::SeededThread::Role::added, std::move(name), std::move(body));
}

std::uint32_t SeededExecutor::draw(std::uint32_t bound) { return impl_->threads.draw(bound); }

void SeededExecutor::run_until_idle() { impl_->threads.run_until_idle(); }
void SeededExecutor::finish() { impl_->threads.finish(); }
std::vector<std::string> SeededExecutor::waiting() const { return impl_->threads.waiting(); }

void SeededExecutor::step(const char* place) noexcept { detail::yield_point(place); }

void SeededExecutor::wait_until(const char* place, const std::function<bool()>& ready) {
  auto* const threads = static_cast<detail::SeededThreads*>(detail::this_lockstep());  // there is no other kind
  if (threads == nullptr) {
    throw UsageError("SeededExecutor::wait_until: called on a thread that belongs to no SeededExecutor");
  }
  threads->wait_until(place, ready);
}

std::vector<SeededStep> SeededExecutor::trace() const { return impl_->threads.trace(); }
std::uint64_t SeededExecutor::steps() const noexcept { return impl_->threads.steps(); }
std::uint64_t SeededExecutor::fingerprint() const noexcept { return impl_->threads.fingerprint(); }

void SeededExecutor::post(Work& work) noexcept { impl_->threads.post(work); }
std::size_t SeededExecutor::concurrency() const noexcept { return impl_->threads.options().workers; }

bool SeededExecutor::on_worker() const noexcept {
  const detail::SeededThread* const me = impl_->threads.current();
  return me != nullptr && me->role == detail::SeededThread::Role::worker;
}

bool SeededExecutor::begin_blocking() noexcept { return impl_->threads.begin_blocking(); }
void SeededExecutor::end_blocking() noexcept { impl_->threads.end_blocking(); }
bool SeededExecutor::try_run_one() noexcept { return impl_->threads.try_run_one(); }

}  // namespace baton
