// SPDX-License-Identifier: MIT
#include "../command_line.hpp"
#include "../observe_options.hpp"
#include "report.hpp"
#include "training.hpp"

#include <baton/baton.hpp>

#include <cmath>
#include <exception>
#include <iostream>
#include <stdexcept>
#include <string_view>

namespace {

constexpr std::string_view help = R"(usage: train [OPTIONS]

Makes up points of two classes, learns to tell them apart by logistic
regression, and stops once that gets no better on points which it does not learn
from.

  --samples N    points in all, 8 or more; a quarter is for validation (4000)
  --features N   numbers that a point has (200)
  --seed N       other points for every number (1)
  --epochs N     stop after this many at the latest (500)
  --patience N   stop after this many without a gain (10)
  --rate R       how far a step goes (0.5)
  --workers N    threads; 0, the default: one for each core
  --json         print every figure as one line of JSON instead of a table
)";

constexpr std::string_view help_end = R"(  --help         print this

Progress is off unless asked for.

Ends with 0 once the training is over, with 1 if it was not possible, with 2 if
the command line is wrong.
)";

struct Options {
  train::Settings settings;
  examples::ObserveOptions observe;
  std::size_t workers = 0;
  bool prints_json = false;
};

Options parse(examples::CommandLine line) {
  Options options;
  train::Settings& settings = options.settings;
  const auto take = [&](const char* name, auto& value, auto least) {
    value = line.number<std::remove_reference_t<decltype(value)>>(name, least).value_or(value);
  };
  take("--samples", settings.data.samples, std::size_t{1});
  if (settings.data.samples < 8) throw examples::WrongCommandLine("--samples takes a number from 8 on");
  take("--features", settings.data.features, std::size_t{1});
  if (settings.data.features > SIZE_MAX / sizeof(double) / settings.data.samples) {
    throw examples::WrongCommandLine("--samples and --features are more than fit into memory");
  }
  take("--seed", settings.data.seed, std::uint64_t{0});
  take("--epochs", settings.epochs, std::size_t{1});
  take("--patience", settings.patience, std::size_t{1});
  take("--rate", settings.rate, 0.0);
  if (settings.rate == 0 || !std::isfinite(settings.rate)) {
    throw examples::WrongCommandLine("--rate takes a finite number above 0");
  }
  take("--workers", options.workers, std::size_t{0});
  options.prints_json = line.flag("--json");
  options.observe = examples::take_observe_options(line);
  line.rest(0);
  return options;
}

void run(const Options& options) {
  examples::Watchers watchers(options.observe);
  baton::ThreadPool pool{options.workers};
  train::Outcome outcome;
  {
    // At the end of this block the scheduler is gone, and the observers have been told everything.
    baton::Scheduler scheduler{pool};
    for (const auto& observer : watchers.of_all_runs()) scheduler.observe(observer);
    outcome = train::train(scheduler, options.settings, watchers.of_main_run());
  }
  watchers.close(&pool);
  std::cout << (options.prints_json ? to_json(outcome, options.settings) : to_table(outcome, options.settings));
  if (!std::cout.flush()) throw std::runtime_error("the result cannot be printed");
}

}  // namespace

int main(int argc, char** argv) {
  const examples::Program program{"train", std::string(help).append(examples::observe_help).append(help_end)};
  return examples::run_program(program, argc, argv, [](examples::CommandLine line) {
    run(parse(std::move(line)));
    return 0;
  });
}
