// SPDX-License-Identifier: MIT
#include "words.hpp"

#include <baton/observe/report.hpp>
#include <baton/observe/text.hpp>
#include <baton/observe/trace.hpp>

#include <iostream>
#include <memory>

int main(int argc, char** argv) {
  const Words words = describe_words({argv + 1, argv + argc});

  const auto trace = std::make_shared<baton::TraceObserver>("trace.json");
  const auto report = std::make_shared<baton::ReportObserver>("report.html");
  baton::ThreadPool pool;
  baton::Scheduler scheduler{pool};
  scheduler.resource("files", 4);

  baton::StartOptions options;
  options.record = true;
  options.observers = {trace, report};
  const baton::Run run = scheduler.start(words.plan, std::move(options));
  run.wait();

  const baton::Snapshot snapshot = run.snapshot();
  const baton::CriticalPath path = critical_path(snapshot);
  std::cout << "The run hung on these, which took " << baton::format_duration(path.length) << ":\n";
  for (const baton::TaskId task : path.tasks) {
    const baton::TaskTiming& timing = snapshot.tasks[index_of(task)];
    std::cout << "  " << snapshot.plan.task_name(task);
    if (timing.duration()) std::cout << ", " << baton::format_duration(*timing.duration());
    std::cout << '\n';
  }
}
