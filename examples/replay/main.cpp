// SPDX-License-Identifier: MIT
#include "../command_line.hpp"
#include "../observe_options.hpp"
#include "figures.hpp"
#include "replay.hpp"

#include <baton/base/error.hpp>
#include <baton/graph/diagram.hpp>
#include <baton/observe/text.hpp>

#include <chrono>
#include <exception>
#include <fstream>
#include <iostream>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace {

constexpr std::string_view help = R"(usage: replay FILE [OPTIONS]

Runs a recorded workflow again, each task taking the time that it took then.
FILE is in WfFormat 1.5, of which github.com/wfcommons/WfInstances has many.

  --virtual      in virtual time: exact, and done at once (the default)
  --scale S      in real time: one recorded second takes S seconds
  --workers N    at most N tasks at once; 0, the default: no limit
  --fail ID      let this task fail after its runtime
  --only ID      run this task and what it needs, nothing else
  --dot FILE     write what ran as a graph for Graphviz, coloured by outcome
  --json         print one line of JSON instead of a table
)";

constexpr std::string_view help_end = R"(  --help         print this

Progress is off, but auto with --scale and neither --json nor --log. In virtual
time trace, report, metrics and log tell virtual times.

tasks to total_runtime_seconds describe the whole file, the others what ran, in
recorded seconds. Without runtimes in the file tasks take no time, and the
figures in seconds are unknown (null).

Ends with 0 once the workflow was replayed, also when --fail made it fail, with 1
if FILE cannot be used, with 2 if the command line is wrong.
)";

struct Options {
  std::string file;
  std::optional<std::string> dot;
  std::optional<std::string> failing;
  std::optional<std::string> target;
  bool prints_json = false;
  replay::Settings settings;
  examples::ObserveOptions observe;
};

Options parse(examples::CommandLine line) {
  Options options;
  replay::Settings& settings = options.settings;
  const bool is_virtual = line.flag("--virtual");
  settings.scale = line.number<double>("--scale", std::numeric_limits<double>::min());
  if (is_virtual && settings.scale) throw examples::WrongCommandLine("--virtual and --scale exclude each other");
  settings.workers = line.number<std::size_t>("--workers", 0).value_or(0);
  options.failing = line.value("--fail");
  options.target = line.value("--only");
  options.dot = line.value("--dot");
  options.prints_json = line.flag("--json");
  options.observe = examples::take_observe_options(line);
  options.observe.is_virtual = !settings.scale;
  if (settings.scale && !options.prints_json && !options.observe.log && !options.observe.progress) {
    options.observe.progress = baton::ProgressStyle::automatic;
  }
  const std::vector<std::string> files = line.rest(1);
  if (files.empty()) throw examples::WrongCommandLine("which file? Give one in WfFormat 1.5");
  options.file = files.front();
  return options;
}

std::optional<std::size_t> find(const replay::RecordedWorkflow& recorded, const char* option,
                                const std::optional<std::string>& id) {
  if (!id) return std::nullopt;
  try {
    return replay::find_task(recorded, *id);
  } catch (const baton::DefinitionError& error) {
    throw examples::WrongCommandLine(std::string(option) + ": " + error.faults().front());
  }
}

/// What only shows once the file is known.
void complete(Options& options, const replay::RecordedWorkflow& recorded) {
  replay::Settings& settings = options.settings;
  settings.failing = find(recorded, "--fail", options.failing);
  settings.target = find(recorded, "--only", options.target);
  const double seconds = std::chrono::duration<double>(recorded.total_runtime()).count();
  if (settings.scale && seconds * *settings.scale > 9e9) {
    throw examples::WrongCommandLine("--scale: the replay would take more than 285 years");
  }
}

void write_dot(const std::string& path, const baton::Snapshot& record) {
  std::vector<baton::TaskState> states;
  states.reserve(record.tasks.size());
  for (const baton::TaskTiming& task : record.tasks) states.push_back(task.state);
  std::ofstream file(path, std::ios::binary);
  file << baton::to_dot(record.plan, {.states = states}) << std::flush;
  if (!file) throw std::runtime_error(baton::one_line(path) + ": cannot be written");
}

/// Names the file in what building the plan finds wrong, cycles for instance.
baton::Plan plan_file(const Options& options, const replay::RecordedWorkflow& recorded) {
  try {
    return replay::plan_all(recorded, options.settings);
  } catch (const baton::DefinitionError& error) {
    throw baton::DefinitionError(baton::one_line(options.file), error.faults());
  }
}

void run(Options options) {
  const replay::RecordedWorkflow recorded = replay::load_wfformat(options.file);
  complete(options, recorded);
  const baton::Plan all = plan_file(options, recorded);
  const baton::Plan plan = options.settings.target ? replay::plan_target(recorded, all, options.settings) : all;
  if (options.settings.failing && !plan.find(*options.failing)) {
    throw examples::WrongCommandLine("--fail: '" + baton::one_line(*options.failing) +
                                     "' is not among the tasks that --only runs");
  }
  examples::Watchers watchers(options.observe);
  auto observers = watchers.of_all_runs();
  for (const auto& observer : watchers.of_main_run()) observers.push_back(observer);
  const baton::Snapshot record = replay::run(plan, options.settings, std::move(observers));
  watchers.close();
  if (options.dot) write_dot(*options.dot, record);
  const replay::Figures figures = replay::make_figures(recorded, all, record, options.settings.scale.value_or(1));
  if (options.prints_json) {
    std::cout << replay::to_json(figures);
  } else {
    std::cout << baton::one_line(recorded.name) << '\n' << replay::to_table(figures);
  }
  if (!std::cout.flush()) throw std::runtime_error("the result cannot be printed");
}

}  // namespace

int main(int argc, char** argv) {
  const examples::Program program{"replay", std::string(help).append(examples::observe_help).append(help_end), ""};
  return examples::run_program(program, argc, argv, [](examples::CommandLine line) {
    run(parse(std::move(line)));
    return 0;
  });
}
