// SPDX-License-Identifier: MIT
#include "load.hpp"

#include "state.hpp"

#include <baton/baton.hpp>

#include <algorithm>
#include <chrono>
#include <exception>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>

namespace etl {
namespace {

using namespace std::chrono_literals;

/// A source that does not answer may answer later; a broken file stays broken.
baton::Retry patience(std::uint32_t attempts) {
  return {.attempts = attempts,
          .delay = 10ms,
          .backoff = 2,
          .max_delay = 1s,
          .jitter = 0.2,
          .filter = baton::retry_on<SourceBusy>()};
}

/// What becomes of one file of orders: it is read, as often as it takes, and parsed.
struct FileFlow {
  baton::Workflow flow{"file"};
  baton::Input<SourceFile> file = flow.input<SourceFile>("file");
  baton::Task<Extract> extract;

  FileFlow(const Source& source, std::uint32_t attempts) {
    const auto text = flow.task(
        "read",
        [&source](const baton::Context& context, const SourceFile& from) {
          return source.read_orders(from.name, context.attempt());
        },
        file);
    text.retry(patience(attempts));
    extract = flow.task(
        "parse", [](const baton::Context& context, const std::string&& all) { return parse_orders(all, context); },
        take(text));
  }
};

/// What there is at the source now.
struct Listing {
  std::vector<SourceFile> orders;
  SourceFile customers;
  std::optional<SourceFile> rates;
};

Listing list(const Source& source) {
  auto orders = source.list_orders();
  const auto customers = source.look_at("customers.json");
  if (!customers) throw std::runtime_error("customers.json: there is no such file");
  return {std::move(orders), *customers, source.look_at("rates.json")};
}

enum class Kind : std::uint8_t { full, incremental };

struct Decision {
  Kind kind;
  std::string reason;
};

Decision decide(const Listing& now, const baton::Outcome<std::optional<State>>& before) {
  if (before.state() == baton::TaskState::skipped) return {Kind::full, "asked for"};
  if (!before.succeeded()) return {Kind::full, "the state of the last one is of no use"};
  if (!before.value()) return {Kind::full, "the first one"};
  if (before.value()->customers != now.customers) return {Kind::full, "customers.json has changed"};
  if (before.value()->rates != now.rates) return {Kind::full, "rates.json has changed"};
  return {Kind::incremental, "only orders have changed since the last one"};
}

/// Which files to read, and what is known of the others.
struct Selection {
  std::vector<SourceFile> to_read;
  std::vector<FileResult> kept;
};

/// Once decide() has found that there is a state.
Selection select_changed(const Listing& now, const baton::Outcome<std::optional<State>>& before) {
  const std::vector<FileResult>& results = before.value()->files;
  Selection selection;
  for (const SourceFile& file : now.orders) {
    const auto known =
        std::find_if(results.begin(), results.end(), [&](const FileResult& result) { return result.file == file; });
    if (known == results.end()) {
      selection.to_read.push_back(file);
    } else {
      selection.kept.push_back(*known);
    }
  }
  return selection;
}

using Extracts = std::vector<baton::Outcome<Extract>>;

bool any_foreign(const Extracts& extracts) {
  return std::any_of(extracts.begin(), extracts.end(),
                     [](const auto& extract) { return extract.succeeded() && extract.value().has_foreign; });
}

/// Why a file could not be extracted; its run has failed because of one task.
std::string problem_of(const std::exception_ptr& error) {
  try {
    std::rethrow_exception(error);
  } catch (const baton::RunFailed& failed) {
    if (!failed.failures().empty()) return failed.failures().front().message;
  } catch (...) {
  }
  return baton::describe(error);
}

/// The results of all files, by name.
std::vector<FileResult> put_together(const Selection& selection, const Extracts& extracts,
                                     std::vector<FileResult> results) {
  for (std::size_t i = 0; i < results.size(); ++i) {
    results[i].file = selection.to_read[i];
    if (!extracts[i].succeeded()) results[i].problem = problem_of(extracts[i].error());
  }
  results.insert(results.end(), selection.kept.begin(), selection.kept.end());
  std::sort(results.begin(), results.end(),
            [](const FileResult& a, const FileResult& b) { return a.file.name < b.file.name; });
  return results;
}

Report make_report(const Decision& decision, const Selection& selection, const std::vector<FileResult>& results,
                   const Totals& totals) {
  Report report;
  report.kind = decision.kind == Kind::full ? "full" : "incremental";
  report.reason = decision.reason;
  report.kept = selection.kept.size();
  for (const FileResult& result : results) {
    report.rejected += result.rejects.size();
    if (!result.problem.empty()) report.problems.push_back({result.file.name, result.problem});
  }
  report.loaded = selection.to_read.size() - report.problems.size();
  report.totals = totals;
  for (const auto& [country, total] : totals) report.sum += total;
  return report;
}

std::string make_state(const Listing& now, const std::vector<FileResult>& results) {
  return to_json(now.customers, now.rates, results);
}

/// The whole load.
class LoadFlow {
 public:
  LoadFlow(const Source& source, const LoadSettings& settings)
      : source_(source), settings_(settings), file_(source, settings.attempts), file_plan_(file_.flow.build()) {
    choose_files();
    extract();
    transform();
    write();
  }

  [[nodiscard]] baton::Plan build() const { return flow_.build(); }
  [[nodiscard]] const baton::Task<Report>& report() const { return report_; }

 private:
  void choose_files() {
    listing_ = flow_.task("list files", [this] { return list(source_); });
    // A state that cannot be read costs time, nothing else.
    const auto state = flow_.task("read state", [this] { return read_state(settings_.out / "state.json"); });
    state.when([this] { return !settings_.is_full; }).allow_failure();
    decision_ = flow_.task("decide", decide, listing_, outcome(state));
    auto kind = flow_.choose("kind of load", [](const Decision& decision) { return decision.kind; }, decision_);
    const auto changed = kind.arm(Kind::incremental, "select changed files", select_changed, listing_, outcome(state));
    const auto all =
        kind.otherwise("select all files", [](const Listing& now) { return Selection{now.orders, {}}; }, listing_);
    const auto selected = flow_.join("select files", changed, all);
    selection_ = flow_.task(
        "selection", [](std::optional<Selection>&& selection) { return *std::move(selection); }, take(selected));
  }

  void extract() {
    const auto files =
        flow_.task("files to read", [](const Selection& selection) { return selection.to_read; }, selection_);
    extracts_ = flow_.map_outcomes("extract", files, file_plan_, file_.file, file_.extract);
    customers_ = flow_.task("customers", [this](const baton::Context& context) {
      return parse_customers(source_.read("customers.json", context.attempt()));
    });
    customers_.after(selection_).retry(patience(settings_.attempts));
    const auto rates = flow_.task("rates", [this](const baton::Context& context) {
      return parse_rates(source_.read("rates.json", context.attempt()));
    });
    rates.when(any_foreign, extracts_).retry(patience(settings_.attempts));
    rates_ = flow_.task(
        "rates, if any", [](std::optional<Rates> found) { return std::move(found).value_or(Rates()); }, maybe(rates));
  }

  void transform() {
    const auto added = flow_.map(
        "add up", extracts_,
        [](const baton::Outcome<Extract>& extracted, const Customers& customers, const Rates& rates) {
          return extracted.succeeded() ? add_up(extracted.value(), customers, rates) : FileResult();
        },
        customers_, rates_);
    results_ = flow_.task("results", put_together, selection_, extracts_, take(added));
    totals_ = flow_.reduce(
        "totals", results_, Totals(),
        [](Totals totals, const FileResult& result) { return add(std::move(totals), result.totals); }, add);
    report_ = flow_.task("report", make_report, decision_, selection_, results_, totals_);
  }

  void write() {
    const auto text = add_file<Report>("report.txt", to_text, report_);
    const auto json = add_file<Report>("report.json", to_json, report_);
    const auto markdown = add_file<Report>("report.md", to_markdown, report_);
    const auto rejects = add_file("rejects.csv", list_rejects, results_);
    const auto state = add_file("state.json", make_state, listing_, results_);
    state.after(text, json, markdown, rejects);  // who has the state has all the others
  }

  template <typename... From>
  baton::Task<void> add_file(const std::string& name, std::string (*make)(const From&...),
                             const baton::Task<From>&... from) {
    return flow_.task(
        "write " + name,
        [path = settings_.out / name, make](const From&... values) { write_file(path, make(values...)); }, from...);
  }

  const Source& source_;
  const LoadSettings& settings_;
  FileFlow file_;
  baton::Plan file_plan_;
  baton::Workflow flow_{"load"};
  baton::Task<Listing> listing_;
  baton::Task<Decision> decision_;
  baton::Task<Selection> selection_;
  baton::Task<Extracts> extracts_;
  baton::Task<Customers> customers_;
  baton::Task<Rates> rates_;
  baton::Task<std::vector<FileResult>> results_;
  baton::Task<Totals> totals_;
  baton::Task<Report> report_;
};

}  // namespace

Report load(baton::Scheduler& scheduler, const Source& source, const LoadSettings& settings,
            std::vector<std::shared_ptr<baton::Observer>> observers) {
  const LoadFlow flow(source, settings);
  const baton::Run run = scheduler.run(flow.build(), {.seed = settings.seed, .observers = std::move(observers)});
  return run.get(flow.report());
}

}  // namespace etl
