// SPDX-License-Identifier: MIT
#include "lockstep.hpp"

namespace baton::detail {

std::atomic<std::uint32_t> lockstep_count{0};

namespace {
constinit thread_local Lockstep* own = nullptr;
}  // namespace

Lockstep* own_lockstep() noexcept { return own; }
void set_own_lockstep(Lockstep* lockstep) noexcept { own = lockstep; }

struct EngineThread::Member {
  std::mutex mutex;
  EngineCondition changed;
  // Guarded by mutex.
  std::thread::id id;
  bool over = false;
};

void EngineThread::start(const char* name, std::function<void()> body) {
  Lockstep* const lockstep = this_lockstep();
  if (lockstep == nullptr) {
    thread_ = std::thread(std::move(body));
    return;
  }
  auto member = std::make_shared<Member>();
  lockstep->start_thread(name, [member, body = std::move(body)] {
    {
      const std::lock_guard lock(member->mutex);
      member->id = std::this_thread::get_id();
    }
    body();
    const std::lock_guard lock(member->mutex);
    member->over = true;
    member->id = {};  // the thread may serve others from now on
    member->changed.notify_all();
  });
  member_ = std::move(member);
}

bool EngineThread::is_this() const noexcept {
  if (member_ == nullptr) return thread_.get_id() == std::this_thread::get_id();
  const std::lock_guard lock(member_->mutex);
  return member_->id == std::this_thread::get_id();
}

void EngineThread::join() {
  if (member_ == nullptr) {
    thread_.join();
    return;
  }
  std::unique_lock lock(member_->mutex);
  member_->changed.wait(lock, "join a thread", [this] { return member_->over; });
}

}  // namespace baton::detail
