// SPDX-License-Identifier: MIT
#include "check.hpp"
#include "words.hpp"

#include <baton/executor/manual_executor.hpp>

#include <fstream>

namespace {

/// Runs the words of these files on this thread, in an order that repeats.
baton::Run run_here(const Words& words, int least) {
  baton::ManualExecutor executor;
  baton::Scheduler scheduler{executor};
  scheduler.resource("files", 1);
  baton::Inputs inputs;
  inputs.set(words.least, least);
  baton::Run run = scheduler.start(words.plan, std::move(inputs));
  executor.run_until_idle();
  return run;
}

void counts_over_all_files() {
  std::ofstream("a.txt") << "one two";
  std::ofstream("b.txt") << "two three";
  const Words words = describe_words({"a.txt", "b.txt"});

  check(run_here(words, 1).get(words.frequent) == Counts{{"one", 1}, {"two", 2}, {"three", 1}});
  check(run_here(words, 2).get(words.frequent) == Counts{{"two", 2}});
}

void a_missing_file_fails_alone() {
  const Words words = describe_words({"a.txt", "nothere.txt"});
  const baton::Run run = run_here(words, 1);

  check(run.failures().size() == 1);
  check(run.failures()[0].task_name == "read 2");
  check(run.state(*run.plan().find("count 1")) == baton::TaskState::succeeded);
  check(run.state(words.frequent) == baton::TaskState::omitted);
}

}  // namespace

int main() {
  counts_over_all_files();
  a_missing_file_fails_alone();
}
