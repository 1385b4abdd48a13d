// SPDX-License-Identifier: MIT
// What docs/how-to/retry-and-limit-time.md shows.
#include "check.hpp"

#include <baton/baton.hpp>
#include <baton/testing/virtual_clock.hpp>

#include <chrono>
#include <iostream>
#include <stdexcept>
#include <string>

using namespace std::chrono_literals;

namespace {

struct NetworkError : std::runtime_error {
  using std::runtime_error::runtime_error;
};
struct Busy : NetworkError {
  explicit Busy(std::chrono::seconds after) : NetworkError("busy"), retry_after(after) {}
  std::chrono::seconds retry_after;
};

void policy() {
  baton::ThreadPool pool{2};
  baton::VirtualClock clock;
  baton::Scheduler scheduler{pool, {&clock}};
  scheduler.resource("network", 4);

  baton::Workflow flow{"fetch"};
  const auto rates = flow.task("fetch rates",
                               [](baton::Context& context) {
                                 if (context.attempt() < 3) throw NetworkError("reset by peer");
                                 return 1.08;
                               })
                         .retry({.attempts = 5,
                                 .delay = 200ms,
                                 .backoff = 2.0,
                                 .max_delay = 10s,
                                 .jitter = 0.2,
                                 .filter = baton::retry_on<NetworkError>()})
                         .timeout(30s)
                         .deadline(5min)
                         .resource("network");

  const baton::Run run = scheduler.start(flow.build());
  check(run.get(rates) == 1.08);
}

void told_when() {
  baton::ThreadPool pool{2};
  baton::VirtualClock clock;
  baton::Scheduler scheduler{pool, {&clock}};
  baton::Workflow flow;
  baton::Retry policy{.attempts = 4, .max_delay = 1h};
  policy.filter = [](const std::exception_ptr& error, std::uint32_t) -> baton::RetryVerdict {
    try {
      std::rethrow_exception(error);
    } catch (const Busy& busy) {
      return {.retry = true, .delay = busy.retry_after};
    } catch (const NetworkError&) {
      return {};  // after the usual delay
    } catch (...) {
      return {.retry = false};
    }
  };
  const auto task = flow.task("fetch",
                              [](baton::Context& context) {
                                if (context.attempt() == 1) throw Busy(90s);
                                return context.now();
                              })
                        .retry(policy);
  check(scheduler.start(flow.build()).get(task).time_since_epoch() == 90s);
}

void what_went_wrong() {
  baton::ThreadPool pool{2};
  baton::VirtualClock clock;
  baton::Scheduler scheduler{pool, {&clock}};
  baton::Workflow flow;
  flow.task("fetch", [](baton::Context& context) { throw NetworkError("reset " + std::to_string(context.attempt())); })
      .retry({.attempts = 3});
  const baton::Run run = scheduler.start(flow.build());
  run.wait();
  const baton::TaskFailure failure = run.failures().at(0);
  check(failure.attempt == 3 && failure.message == "reset 3");
  for (const std::exception_ptr& error : failure.earlier_errors) std::cout << baton::describe(error) << '\n';
  check(failure.earlier_errors.size() == 2);
}

}  // namespace

int main() {
  policy();
  told_when();
  what_went_wrong();
}
