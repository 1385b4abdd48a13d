// SPDX-License-Identifier: MIT
#include "../command_line.hpp"
#include "files.hpp"
#include "summary.hpp"
#include "workflows.hpp"

#include <baton/baton.hpp>
#include <baton/observe/progress.hpp>
#include <baton/observe/report.hpp>
#include <baton/observe/text.hpp>
#include <baton/observe/trace.hpp>

#include <chrono>
#include <exception>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <limits>
#include <string>
#include <string_view>
#include <system_error>

namespace {

namespace fs = std::filesystem;

constexpr std::string_view help = R"(usage: index [FOLDER] [OPTIONS]

Reads every file in FOLDER (baton's own source tree by default), tells what kinds
of files there are and which have the same content, and how that went.

  --out DIR      where to write summary.txt, trace.json (for ui.perfetto.dev) and
                 report.html; build/index in baton's tree, or else index-out here
  --workers N    threads; 0, the default: one for each core
  --all          also take folders called .git and build
  --quiet        show no progress
  --strict       end with 1 if a file could not be read
  --help         print this

Symbolic links are not followed; devices, pipes and sockets are not opened. A
file that cannot be read is listed and disturbs nothing else.

Ends with 0 once the folder was indexed, with 1 if that was not possible, with 2
if the command line is wrong.
)";

struct Options {
  fs::path folder;
  fs::path out;
  std::size_t workers = 0;
  indexer::ListOptions listing;
  bool is_quiet = false;
  bool is_strict = false;
};

/// Where this program was built; elsewhere, where it is called.
fs::path default_folder() {
  std::error_code error;
  const fs::path tree = BATON_SOURCE_TREE;
  return fs::is_directory(tree, error) ? tree : fs::path(".");
}

Options parse(examples::CommandLine line) {
  Options options;
  options.is_quiet = line.flag("--quiet");
  options.is_strict = line.flag("--strict");
  options.listing.takes_all = line.flag("--all");
  options.workers = line.number<std::size_t>("--workers", 0).value_or(0);
  const auto out = line.value("--out");
  const auto folders = line.rest(1);
  options.folder = folders.empty() ? default_folder() : fs::path(folders.front());
  if (out) {
    options.out = *out;
  } else {
    options.out = folders.empty() && options.folder != "." ? options.folder / "build" / "index" : fs::path("index-out");
  }
  options.listing.without = options.out;
  return options;
}

void check(const Options& options) {
  const std::string folder = baton::one_line(options.folder.string());
  std::error_code error;
  if (!fs::exists(options.folder, error)) throw std::runtime_error(folder + ": there is no such folder");
  if (!fs::is_directory(options.folder, error))
    throw std::runtime_error(folder + ": is not a folder; give the one it lies in");
  fs::create_directories(options.out, error);
  if (error) {
    throw std::runtime_error(baton::one_line(options.out.string()) + ": cannot be made: " + error.message() +
                             "; choose another folder with --out");
  }
}

void write_summary(const fs::path& path, const indexer::Summary& summary) {
  std::ofstream file(path, std::ios::binary);
  indexer::print(file, summary, std::numeric_limits<std::size_t>::max());
  if (!file.flush()) throw std::runtime_error(baton::one_line(path.string()) + ": cannot be written");
}

/// @returns whether everything could be read.
bool index_folder(const Options& options) {
  const auto start = std::chrono::steady_clock::now();
  const auto trace = std::make_shared<baton::TraceObserver>((options.out / "trace.json").string());
  const auto report = std::make_shared<baton::ReportObserver>((options.out / "report.html").string());

  const indexer::Listing listing = indexer::list_files(options.folder, options.listing);
  indexer::Reading reading;
  indexer::Summary summary;
  baton::ThreadPool pool{options.workers};
  {
    // At the end of this block the scheduler is gone, and trace and report are complete.
    baton::Scheduler scheduler{pool};
    scheduler.observe(trace);
    if (!options.is_quiet) scheduler.observe(std::make_shared<baton::ProgressObserver>());
    reading = indexer::read_all(scheduler, options.folder, listing, report);
    summary = indexer::summarize(scheduler, options.folder, listing, reading);
  }
  trace->close();
  report->close();
  write_summary(options.out / "summary.txt", summary);

  constexpr std::size_t most = 10;
  indexer::print(std::cout, summary, most);
  const auto time = std::chrono::duration_cast<baton::Duration>(std::chrono::steady_clock::now() - start);
  std::cout << "\nindexed " << baton::one_line(options.folder.string()) << " in " << baton::format_duration(time)
            << " on " << pool.concurrency() << " threads\nwritten: summary.txt, trace.json and report.html in "
            << baton::one_line(options.out.string()) << std::endl;
  return summary.problems.empty();
}

}  // namespace

int main(int argc, char** argv) {
  try {
    examples::CommandLine line(argc, argv);
    if (line.flag("--help")) {
      std::cout << help;
      return 0;
    }
    const Options options = parse(std::move(line));
    check(options);
    const bool is_complete = index_folder(options);
    return options.is_strict && !is_complete ? 1 : 0;
  } catch (const examples::WrongCommandLine& error) {
    std::cerr << "index: " << error.what() << "\n`index --help` tells more.\n";
    return 2;
  } catch (const std::exception& error) {
    std::cerr << "index: " << error.what() << '\n';
    return 1;
  }
}
