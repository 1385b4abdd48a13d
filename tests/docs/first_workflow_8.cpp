// SPDX-License-Identifier: MIT
#include "words.hpp"

#include <chrono>
#include <csignal>
#include <iostream>

namespace {

volatile std::sig_atomic_t interrupted = 0;

void interrupt(int) { interrupted = 1; }

}  // namespace

int main(int argc, char** argv) {
  using namespace std::chrono_literals;
  const Words words = describe_words({argv + 1, argv + argc});
  std::signal(SIGINT, interrupt);

  baton::ThreadPool pool;
  baton::Scheduler scheduler{pool};
  scheduler.resource("files", 4);

  const baton::Run run = scheduler.start(words.plan);
  while (!run.wait_for(50ms)) {
    if (interrupted) run.cancel();
  }
  if (run.state() == baton::RunState::cancelled) {
    std::cerr << "stopped after " << run.counts()[baton::TaskState::succeeded] << " tasks\n";
    return 130;
  }
  for (const auto& [word, count] : run.get(words.frequent)) std::cout << word << ": " << count << '\n';
}
