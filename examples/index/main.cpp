// SPDX-License-Identifier: MIT
#include "../command_line.hpp"
#include "../observe_options.hpp"
#include "files.hpp"
#include "summary.hpp"
#include "workflows.hpp"

#include <baton/baton.hpp>
#include <baton/observe/text.hpp>

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
  --quiet        as --progress off
  --strict       end with 1 if a file could not be read
)";

constexpr std::string_view help_end = R"(  --help         print this

Trace and report are written into DIR unless their options name another place.
Progress is auto, but off with --log.

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
  examples::ObserveOptions observe;
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
  const bool is_quiet = line.flag("--quiet");
  options.is_strict = line.flag("--strict");
  options.listing.takes_all = line.flag("--all");
  options.workers = line.number<std::size_t>("--workers", 0).value_or(0);
  options.observe = examples::take_observe_options(line);
  if (is_quiet && options.observe.progress) {
    throw examples::WrongCommandLine("--quiet and --progress exclude each other");
  }
  if (!is_quiet && !options.observe.progress && !options.observe.log) {
    options.observe.progress = baton::ProgressStyle::automatic;
  }
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

/// Where trace and report go, and all others that were written.
struct Written {
  fs::path summary;
  examples::ObserveOptions observe;
  bool is_usual;  ///< Nothing but the three files in the usual place.
};

Written choose_files(const Options& options) {
  Written written{options.out / "summary.txt", options.observe, true};
  written.is_usual =
      !written.observe.trace && !written.observe.report && !written.observe.graph && !written.observe.metrics;
  if (!written.observe.trace) written.observe.trace = (options.out / "trace.json").string();
  if (!written.observe.report) written.observe.report = (options.out / "report.html").string();
  return written;
}

std::string describe(const Written& written, const fs::path& out) {
  if (written.is_usual) return "summary.txt, trace.json and report.html in " + baton::one_line(out.string());
  std::string text = baton::one_line(written.summary.string());
  for (const auto& file :
       {written.observe.trace, written.observe.report, written.observe.graph, written.observe.metrics}) {
    if (file) text += ", " + baton::one_line(*file);
  }
  return text;
}

/// @returns whether everything could be read.
bool index_folder(const Options& options) {
  const auto start = std::chrono::steady_clock::now();
  const Written written = choose_files(options);
  examples::Watchers watchers(written.observe);

  const indexer::Listing listing = indexer::list_files(options.folder, options.listing);
  indexer::Reading reading;
  indexer::Summary summary;
  baton::ThreadPool pool{options.workers};
  {
    // At the end of this block the scheduler is gone, and the observers have been told everything.
    baton::Scheduler scheduler{pool};
    for (const auto& observer : watchers.of_all_runs()) scheduler.observe(observer);
    reading = indexer::read_all(scheduler, options.folder, listing, watchers.of_main_run());
    summary = indexer::summarize(scheduler, options.folder, listing, reading);
  }
  watchers.close(&pool);
  write_summary(written.summary, summary);

  constexpr std::size_t most = 10;
  indexer::print(std::cout, summary, most);
  const auto time = std::chrono::duration_cast<baton::Duration>(std::chrono::steady_clock::now() - start);
  std::cout << "\nindexed " << baton::one_line(options.folder.string()) << " in " << baton::format_duration(time)
            << " on " << pool.concurrency() << " threads\nwritten: " << describe(written, options.out) << std::endl;
  return summary.problems.empty();
}

}  // namespace

int main(int argc, char** argv) {
  const examples::Program program{"index", std::string(help).append(examples::observe_help).append(help_end)};
  return examples::run_program(program, argc, argv, [](examples::CommandLine line) {
    const Options options = parse(std::move(line));
    check(options);
    const bool is_complete = index_folder(options);
    return options.is_strict && !is_complete ? 1 : 0;
  });
}
