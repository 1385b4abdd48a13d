// SPDX-License-Identifier: MIT
#include "../command_line.hpp"
#include "../observe_options.hpp"
#include "audit.hpp"
#include "report.hpp"
#include "services.hpp"
#include "trip.hpp"

#include <baton/baton.hpp>
#include <baton/observe/text.hpp>

#include <algorithm>
#include <filesystem>
#include <iostream>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

namespace {

namespace fs = std::filesystem;

constexpr std::string_view help = R"(usage: saga [OPTIONS]
       saga --check FILE

Books trips at five services: a flight, then hotel and car, insurance, payment.
Where one of them refuses, what has been booked is undone. Every service writes
into a ledger, by which the program checks at the end that nothing was lost.

  --trips N      book so many trips at once (1)
  --stock N      flights, hotel rooms and cars that there are; enough by default
  --fail LIST    these services refuse: flight, hotel, car, insurance, payment,
                 separated by commas
  --fail-share R the share of trips that they refuse, from 0 to 1 (1)
  --fail-undo LIST  these services never answer when they are asked to undo
  --busy R       the share of calls that fail at first, from 0 to 1 (0); half of
                 the time the service has done its work and the answer is lost
  --seed N       other trips are refused for every number (1)
  --workers N    threads; 0, the default: one for each core
  --out DIR      where to write ledger.jsonl and statements.txt (saga-out)
  --check FILE   only check a ledger that was written before
)";

constexpr std::string_view help_end = R"(  --help         print this

Progress is off unless asked for. The report is about the first trip.

Ends with 0 when the ledger balances: every booking is confirmed and of a trip
that succeeded, or undone and of one that failed, or listed as one that could
not be undone. Ends with 1 when it does not or the work was not possible, with 2
if the command line is wrong.
)";

struct Options {
  saga::Faults faults;
  std::size_t trips = 1;
  std::uint64_t stock = 0;
  std::size_t workers = 0;
  fs::path out;
  std::optional<std::string> check;
  examples::ObserveOptions observe;
};

using Names = std::set<std::string, std::less<>>;

Names take_services(examples::CommandLine& line, const std::string& option) {
  Names names;
  std::string list = line.value(option).value_or("");
  if (!list.empty()) list += ',';
  for (std::size_t end = 0; (end = list.find(',')) != std::string::npos; list.erase(0, end + 1)) {
    const std::string name = list.substr(0, end);
    if (std::find(saga::service_names.begin(), saga::service_names.end(), name) == saga::service_names.end()) {
      throw examples::WrongCommandLine(option + " takes flight, hotel, car, insurance or payment, not '" +
                                       baton::one_line(name) + "'");
    }
    names.insert(name);
  }
  return names;
}

double take_share(examples::CommandLine& line, const std::string& option, double fallback) {
  const double share = line.number<double>(option, 0.0).value_or(fallback);
  if (share > 1) throw examples::WrongCommandLine(option + " takes a number from 0 to 1");
  return share;
}

Options parse(examples::CommandLine line) {
  Options options;
  options.faults.refusing = take_services(line, "--fail");
  options.faults.refused_share = take_share(line, "--fail-share", 1);
  options.faults.not_undoing = take_services(line, "--fail-undo");
  options.faults.busy_share = take_share(line, "--busy", 0);
  options.faults.seed = line.number<std::uint64_t>("--seed", 0).value_or(1);
  options.trips = line.number<std::size_t>("--trips", 1).value_or(1);
  options.stock = line.number<std::uint64_t>("--stock", 0).value_or(options.trips);
  options.workers = line.number<std::size_t>("--workers", 0).value_or(0);
  options.out = line.value("--out").value_or("saga-out");
  options.check = line.value("--check");
  options.observe = examples::take_observe_options(line);
  line.rest(0);
  return options;
}

/// @returns what became of all trips, which overlap; the ledger has their ends.
std::vector<saga::TripResult> book_trips(baton::Scheduler& scheduler, const Options& options, saga::Ledger& ledger,
                                         const saga::TripFlow& flow,
                                         const std::vector<std::shared_ptr<baton::Observer>>& observers) {
  const baton::Plan plan = flow.build();
  std::vector<baton::Run> runs;
  for (std::uint64_t trip = 1; trip <= options.trips; ++trip) {
    baton::StartOptions start{.inputs = flow.inputs(trip), .seed = options.faults.seed + trip};
    if (trip == 1) start.observers = observers;
    runs.push_back(scheduler.start(plan, std::move(start)));
  }
  std::vector<saga::TripResult> results;
  for (const baton::Run& run : runs) {
    run.wait();
    results.push_back(flow.result(results.size() + 1, run));
    const saga::TripResult& result = results.back();
    ledger.add({.event = saga::Event::end,
                .trip = result.trip,
                .succeeded = result.succeeded,
                .not_undone = result.not_undone});
  }
  return results;
}

void make_folder(const fs::path& folder) {
  std::error_code error;
  fs::create_directories(folder, error);
  if (error) {
    throw std::runtime_error(baton::one_line(folder.string()) + ": cannot be made: " + error.message() +
                             "; choose another folder with --out");
  }
}

/// Prints what the ledger tells. @returns whether it balances.
bool check_ledger(const fs::path& path) {
  const saga::Audit audit = saga::audit(saga::read_ledger(path));
  std::cout << to_text(audit);
  if (!std::cout.flush()) throw std::runtime_error("the result cannot be printed");
  return audit.balances();
}

void print(const std::vector<saga::TripResult>& trips, std::uint64_t busy_count) {
  constexpr std::size_t most_statements = 3;
  if (trips.size() <= most_statements) {
    for (const saga::TripResult& trip : trips) std::cout << trip.statement << '\n';
  }
  std::cout << list_reasons(trips);
  if (busy_count != 0) std::cout << "calls without an answer: " << busy_count << "\n\n";
}

/// @returns whether the ledger balances, and every trip has its statement.
bool run(const Options& options) {
  make_folder(options.out);
  const fs::path ledger_path = options.out / "ledger.jsonl";
  const fs::path statements_path = options.out / "statements.txt";
  examples::Watchers watchers(options.observe);
  saga::Ledger ledger(ledger_path);
  saga::LineFile statements(statements_path);
  saga::Market market(options.stock, ledger, options.faults);
  const saga::TripFlow flow(market, statements);
  std::vector<saga::TripResult> trips;
  baton::ThreadPool pool{options.workers};
  {
    // At the end of this block the scheduler is gone, and the observers have been told everything.
    baton::Scheduler scheduler{pool};
    for (const auto& observer : watchers.of_all_runs()) scheduler.observe(observer);
    trips = book_trips(scheduler, options, ledger, flow, watchers.of_main_run());
  }
  watchers.close(&pool);
  market.close();

  print(trips, market.busy_count());
  const bool balances = check_ledger(ledger_path);
  for (const saga::TripResult& trip : trips) {
    if (!trip.statement_error.empty()) throw std::runtime_error("a statement is missing: " + trip.statement_error);
  }
  std::cout << "written: " << baton::one_line(ledger_path.string()) << ", " << baton::one_line(statements_path.string())
            << std::endl;
  return balances;
}

}  // namespace

int main(int argc, char** argv) {
  const examples::Program program{"saga", std::string(help).append(examples::observe_help).append(help_end)};
  return examples::run_program(program, argc, argv, [](examples::CommandLine line) {
    const Options options = parse(std::move(line));
    return (options.check ? check_ledger(*options.check) : run(options)) ? 0 : 1;
  });
}
