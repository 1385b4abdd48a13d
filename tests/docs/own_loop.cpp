// SPDX-License-Identifier: MIT
// What docs/how-to/drive-it-from-your-own-loop.md shows.
#include "check.hpp"

#include <baton/baton.hpp>
#include <baton/executor/manual_executor.hpp>

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <string>
#include <thread>

using namespace std::chrono_literals;

namespace {

void run_everything_in_the_loop() {
  baton::Workflow flow{"loop"};
  auto wait = flow.task("wait", [](baton::Context& context) { context.park_for(5ms); });
  auto shown = flow.task("show", [] { return true; }).after(wait);

  baton::ManualExecutor executor;
  baton::PolledClock clock;
  baton::Scheduler scheduler{executor, {.clock = &clock}};
  baton::Run run = scheduler.start(flow.build());
  while (!run.ended()) {
    clock.poll();
    executor.run_until_idle();
    if (const auto next = clock.next_deadline()) std::this_thread::sleep_until(*next);
  }
  check(run.get(shown));
}

void run_within_a_frame() {
  baton::Workflow flow{"frame"};
  for (int i = 0; i < 100; ++i) flow.task([] {});

  baton::ManualExecutor executor;
  baton::Scheduler scheduler{executor};
  baton::Run run = scheduler.start(flow.build());
  while (!run.ended()) {
    const auto frame_ends = std::chrono::steady_clock::now() + 8ms;
    while (std::chrono::steady_clock::now() < frame_ends && executor.run_one()) {
    }
    // draw the frame
  }
  check(run.succeeded());
}

void bind_some_tasks_to_the_loop() {
  std::string title;
  const std::thread::id gui_thread = std::this_thread::get_id();

  std::mutex mutex;
  std::condition_variable posted;
  bool wake = false;
  const auto wake_the_loop = [&] {
    const std::lock_guard lock(mutex);
    wake = true;
    posted.notify_one();
  };
  baton::ManualExecutor gui{wake_the_loop};

  baton::Workflow flow{"window"};
  const auto show = [&](const std::string& value) {
    check(std::this_thread::get_id() == gui_thread);
    title = value;
  };
  auto text = flow.task("compute", [] { return std::string("done"); });
  flow.task("show", show, text).on(gui);

  baton::ThreadPool pool;
  baton::Scheduler scheduler{pool};
  baton::Run run = scheduler.start(flow.build());
  run.on_end([&](const baton::Run&) { wake_the_loop(); });
  while (!run.ended()) {
    std::unique_lock lock(mutex);
    posted.wait(lock, [&] { return wake; });
    wake = false;
    lock.unlock();
    gui.run_until_idle();
  }
  check(title == "done");
}

class OneThread final : public baton::Executor {
 public:
  ~OneThread() override {
    {
      const std::lock_guard lock(mutex_);
      stopping_ = true;
    }
    changed_.notify_one();
    thread_.join();
  }

  void post(baton::Work& work) noexcept override {
    const std::lock_guard lock(mutex_);
    queue_.push_back(&work);
    changed_.notify_one();
  }
  [[nodiscard]] std::size_t concurrency() const noexcept override { return 1; }
  [[nodiscard]] bool on_worker() const noexcept override { return std::this_thread::get_id() == thread_.get_id(); }

 private:
  void serve() {
    std::unique_lock lock(mutex_);
    while (true) {
      changed_.wait(lock, [&] { return stopping_ || !queue_.empty(); });
      if (queue_.empty()) return;
      baton::Work& work = *queue_.front();
      queue_.pop_front();
      lock.unlock();
      work.run(baton::Budget{});
      lock.lock();
    }
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<baton::Work*> queue_;
  bool stopping_ = false;
  std::thread thread_{[this] { serve(); }};
};

void use_an_executor_of_your_own() {
  baton::Workflow flow{"own"};
  auto one = flow.task([] { return 1; });
  auto two = flow.task([](int value) { return value + 1; }, one);

  OneThread executor;
  baton::Scheduler scheduler{executor};
  check(scheduler.start(flow.build()).get(two) == 2);
}

}  // namespace

int main() {
  run_everything_in_the_loop();
  run_within_a_frame();
  bind_some_tasks_to_the_loop();
  use_an_executor_of_your_own();
}
