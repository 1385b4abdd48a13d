// SPDX-License-Identifier: MIT
#include "../command_line.hpp"
#include "../observe_options.hpp"
#include "generate.hpp"
#include "load.hpp"
#include "report.hpp"

#include <baton/baton.hpp>
#include <baton/observe/text.hpp>

#include <filesystem>
#include <iostream>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

namespace {

namespace fs = std::filesystem;

constexpr std::string_view help = R"(usage: etl FOLDER [OPTIONS]
       etl --generate N FOLDER [--files N] [--seed N] [--domestic]

Reads orders from the files orders-*.csv in FOLDER, adds them up by the country
of the customer (customers.json), in EUR at the rates of rates.json, and writes
report.txt, report.json, report.md and rejects.csv. The next time it reads only
the files that have changed.

  --out DIR      where to write the results, and the state for the next time
                 (etl-out)
  --full         read all files, changed or not
  --strict       end with 1 if there was a broken file or a rejected line
  --attempts N   how often a file is tried where the source does not answer (5)
  --flaky R      the share of files, from 0 to 1, whose first one to three
                 attempts fail (0)
  --seed N       other files fail, or others are made up, for every number (1)
  --workers N    threads; 0, the default: one for each core
  --generate N   make up N orders, in FOLDER, with some broken lines and a
                 broken file
  --files N      in so many files, besides the broken one (8)
  --domestic     all of them in EUR
)";

constexpr std::string_view help_end = R"(  --help         print this

Progress is off unless asked for.

Ends with 0 once the orders were loaded, broken lines and files aside; with 1 if
that was not possible, with 2 if the command line is wrong.
)";

struct Options {
  fs::path folder;
  std::optional<etl::GenerateSettings> generate;
  etl::LoadSettings load;
  double flaky_share = 0;
  std::size_t workers = 0;
  bool is_strict = false;
  examples::ObserveOptions observe;
};

fs::path take_folder(examples::CommandLine& line) {
  const auto folders = line.rest(1);
  if (folders.empty()) throw examples::WrongCommandLine("a folder is missing");
  return folders.front();
}

etl::GenerateSettings take_generate(examples::CommandLine& line, std::size_t orders) {
  etl::GenerateSettings settings{.orders = orders};
  settings.files = line.number<std::size_t>("--files", 1).value_or(settings.files);
  settings.seed = line.number<std::uint64_t>("--seed", 0).value_or(settings.seed);
  settings.is_domestic = line.flag("--domestic");
  return settings;
}

Options parse(examples::CommandLine line) {
  Options options;
  if (const auto orders = line.number<std::size_t>("--generate", 0)) {
    options.generate = take_generate(line, *orders);
    options.folder = take_folder(line);
    return options;
  }
  options.load.out = line.value("--out").value_or("etl-out");
  options.load.is_full = line.flag("--full");
  options.is_strict = line.flag("--strict");
  options.load.attempts = line.number<std::uint32_t>("--attempts", 1).value_or(options.load.attempts);
  options.flaky_share = line.number<double>("--flaky", 0.0).value_or(0);
  if (options.flaky_share > 1) throw examples::WrongCommandLine("--flaky takes a number from 0 to 1");
  options.load.seed = line.number<std::uint64_t>("--seed", 0).value_or(options.load.seed);
  options.workers = line.number<std::size_t>("--workers", 0).value_or(0);
  options.observe = examples::take_observe_options(line);
  options.folder = take_folder(line);
  return options;
}

void check(const Options& options) {
  const std::string folder = baton::one_line(options.folder.string());
  std::error_code error;
  if (!fs::exists(options.folder, error)) throw std::runtime_error(folder + ": there is no such folder");
  if (!fs::is_directory(options.folder, error)) throw std::runtime_error(folder + ": is not a folder");
  fs::create_directories(options.load.out, error);
  if (error) {
    throw std::runtime_error(baton::one_line(options.load.out.string()) + ": cannot be made: " + error.message() +
                             "; choose another folder with --out");
  }
}

/// @returns whether every file and line was loaded.
bool load(const Options& options) {
  check(options);
  examples::Watchers watchers(options.observe);
  const etl::Source source(options.folder, options.flaky_share, options.load.seed);
  etl::Report report;
  baton::ThreadPool pool{options.workers};
  {
    // At the end of this block the scheduler is gone, and the observers have been told everything.
    baton::Scheduler scheduler{pool};
    for (const auto& observer : watchers.of_all_runs()) scheduler.observe(observer);
    report = etl::load(scheduler, source, options.load, watchers.of_main_run());
  }
  watchers.close(&pool);
  std::cout << to_text(report);
  if (source.busy_count() != 0) std::cout << "\nattempts without an answer: " << source.busy_count() << '\n';
  std::cout << "\nwritten: report.txt, report.json, report.md and rejects.csv in "
            << baton::one_line(options.load.out.string()) << '\n';
  if (!std::cout.flush()) throw std::runtime_error("the result cannot be printed");
  return report.problems.empty() && report.rejected == 0;
}

}  // namespace

int main(int argc, char** argv) {
  const examples::Program program{"etl", std::string(help).append(examples::observe_help).append(help_end)};
  return examples::run_program(program, argc, argv, [](examples::CommandLine line) {
    const Options options = parse(std::move(line));
    if (options.generate) {
      etl::generate(options.folder, *options.generate);
      return 0;
    }
    const bool is_complete = load(options);
    return options.is_strict && !is_complete ? 1 : 0;
  });
}
