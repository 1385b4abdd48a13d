// SPDX-License-Identifier: MIT
// What docs/how-to/decide-what-runs.md shows.
#include "check.hpp"

#include <baton/baton.hpp>

#include <optional>
#include <stdexcept>
#include <string>
#include <variant>
#include <vector>

namespace {

struct Report {
  int tests = 0;
  int broken = 0;
};

void condition() {
  std::string published;
  baton::Workflow flow{"release"};
  const auto report = flow.task("test", [] { return Report{120, 3}; });
  const auto publish =
      flow.task("publish", [&] { published = "all"; }).when([](const Report& r) { return r.broken == 0; }, report);
  const auto notify = flow.task("notify", [&] { published += "told"; }).after(publish);

  const baton::Run run = baton::run(flow);
  check(run.state(publish) == baton::TaskState::skipped);
  check(run.state(notify) == baton::TaskState::succeeded);  // it only comes after, and nothing went wrong
  check(run.succeeded());
  check(published == "told");
}

struct Pdf {
  std::string text;
};
struct Scan {
  int pages = 0;
};

void choice() {
  baton::Workflow flow{"read"};
  const auto name = flow.input<std::string>("name");
  auto kind = flow.choose("kind", [](const std::string& n) { return n.substr(n.rfind('.') + 1); }, name);
  const auto pdf = kind.arm("pdf", "read pdf", [](const std::string& n) { return Pdf{"text of " + n}; }, name);
  const auto scan = kind.arm("tiff", "read scan", [](const std::string&) { return Scan{12}; }, name);
  kind.otherwise("give up", [](const std::string& n) { throw std::runtime_error("no reader for " + n); }, name);
  const auto content = flow.join("content", pdf, scan);  // Task<std::variant<std::monostate, Pdf, Scan>>
  const auto words = flow.task(
      "describe",
      [](const std::variant<std::monostate, Pdf, Scan>& c) {
        if (const auto* text = std::get_if<Pdf>(&c)) return text->text;
        if (const auto* pages = std::get_if<Scan>(&c)) return std::to_string(pages->pages) + " pages";
        return std::string("nothing");
      },
      content);

  baton::ThreadPool pool;
  baton::Scheduler scheduler{pool};
  const baton::Plan plan = flow.build();
  check(scheduler.start(plan, baton::Inputs().set(name, "a.pdf")).get(words) == "text of a.pdf");
  check(scheduler.start(plan, baton::Inputs().set(name, "b.tiff")).get(words) == "12 pages");
}

void first_of_several() {
  baton::Workflow flow{"quote"};
  const auto east = flow.task("ask east", []() -> double { throw std::runtime_error("closed today"); }).allow_failure();
  const auto west = flow.task("ask west", [] { return 99.5; });
  const auto order = flow.task("order", [](double price) { return "at " + std::to_string(price); }, first(east, west));

  const baton::Run run = baton::run(flow);
  check(run.result(order).starts_with("at 99.5"));
}

void rules() {
  std::vector<std::string> log;
  baton::Workflow flow{"backup"};
  const auto east = flow.task("copy east", [] { throw std::runtime_error("no route"); });
  const auto west = flow.task("copy west", [] {});
  const auto north = flow.task("copy north", [] {});
  const std::vector<baton::Task<void>> copies{east, west, north};
  const auto safe =
      flow.task("mark safe", [&] { log.push_back("safe"); }).depends(at_least(2, baton::succeeded, copies));
  const auto alert = flow.task("alert", [&] { log.push_back("alert"); })
                         .depends(!succeeded(safe) || any(baton::failed, copies))
                         .after(safe);

  const baton::Run run = baton::run(flow);
  check(run.state(safe) == baton::TaskState::succeeded);
  check(run.state(alert) == baton::TaskState::succeeded);
  check(run.state() == baton::RunState::failed);  // a handler does not make a failure undone
  check(log == std::vector<std::string>({"safe", "alert"}));
}

void outcomes() {
  baton::Workflow flow{"quotes"};
  const auto first =
      flow.task("ask first", []() -> double { throw std::runtime_error("closed today"); }).allow_failure();
  const auto second = flow.task("ask second", [] { return 99.5; });
  const auto discount = flow.task("discount", [] { return 0.1; }).when([] { return false; });
  const auto best = flow.task(
      "best",
      [](const baton::Outcome<double>& a, double b, std::optional<double> off) {
        const double price = a.succeeded() ? std::min(a.value(), b) : b;
        return price * (1 - off.value_or(0));
      },
      outcome(first), second, maybe(discount));

  const baton::Run run = baton::run(flow);
  check(run.get(best) == 99.5);
  check(run.failures().size() == 1 && run.failures()[0].allowed);
}

}  // namespace

int main() {
  condition();
  choice();
  first_of_several();
  rules();
  outcomes();
}
