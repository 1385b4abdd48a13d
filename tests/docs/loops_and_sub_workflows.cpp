// SPDX-License-Identifier: MIT
// What docs/how-to/loops-and-sub-workflows.md shows.
#include "check.hpp"

#include <baton/baton.hpp>
#include <baton/testing/virtual_clock.hpp>

#include <chrono>
#include <cmath>
#include <cstdint>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

using namespace std::chrono_literals;

namespace {

void function() {
  baton::Workflow flow{"roots"};
  auto number = flow.task("number", [] { return 2.0; });
  auto guess = flow.task("guess", [] { return 1.0; });
  auto root = flow.loop(
      "improve", guess, [](double x, double of) { return (x + of / x) / 2; },
      [](double x) { return std::abs(x * x - 2) < 1e-12; }, {.limit = 100}, number);

  baton::Run run = baton::run(flow);
  check(std::abs(run.get(root) - std::sqrt(2.0)) < 1e-12);
}

struct Model {
  std::vector<double> weights;
  double loss;
};

std::vector<double> step(const Model& model, double rate) {
  std::vector<double> weights = model.weights;
  for (double& each : weights) each -= rate * 2 * each;
  return weights;
}

double loss_of(const std::vector<double>& weights) {
  double sum = 0;
  for (const double each : weights) sum += each * each;
  return sum;
}

void plan_in_a_loop() {
  baton::Workflow epoch{"epoch"};
  auto model = epoch.input<Model>("model");
  auto rate = epoch.input<double>("rate");
  auto stepped = epoch.task("step", step, model, rate);
  auto loss = epoch.task("evaluate", loss_of, stepped);
  auto next = epoch.task(
      "next", [](const std::vector<double>& weights, double now) { return Model{weights, now}; }, stepped, loss);
  const baton::Plan epoch_plan = epoch.build();

  baton::Workflow flow{"training"};
  auto first = flow.task("first", [] { return Model{{3, -4}, 25}; });
  auto chosen_rate = flow.task("rate", [] { return 0.1; });
  auto trained = flow.loop(
      "epoch", take(first), epoch_plan, model, next, [](const Model& m) { return m.loss < 0.001; }, {.limit = 100},
      bind(rate, chosen_rate));

  baton::Run run = baton::run(flow);
  check(run.get(trained).loss < 0.001);
}

void limits() {
  baton::Workflow flow;
  auto zero = flow.task("zero", [] { return 0; });
  auto never = [](int) { return false; };
  auto next = [](int n) { return n + 1; };
  auto strict = flow.loop("strict", zero, next, never, {.limit = 10});
  auto lenient = flow.loop("lenient", zero, next, never, {.limit = 10, .at_limit = baton::AtLimit::succeed});
  auto none = flow.loop("none", zero, next, [](int n) { return n >= 0; }, {.limit = 10, .ask_first = true});

  baton::Run run = baton::run(flow);
  check(run.state(strict) == baton::TaskState::failed);
  check(throws<baton::LoopLimit>([&] { std::rethrow_exception(run.error(strict)); }));
  check(run.result(lenient) == 10);
  check(run.result(none) == 0);
}

void polite() {
  baton::ThreadPool pool{2};
  baton::VirtualClock clock;
  baton::Scheduler scheduler{pool, {.clock = &clock}};

  baton::Workflow flow{"poll"};
  auto none = flow.task("nothing yet", [] { return 0; });
  auto found = flow.loop(
      "ask the server", none,
      [](baton::Context& context, int) {
        const int answer = context.round() < 71 ? 0 : 42;  // asks
        if (answer == 0) context.park_for(1h);
        return answer;
      },
      [](int answer) { return answer != 0; }, {.limit = 100});

  baton::Run run = scheduler.start(flow.build());
  check(run.get(found) == 42);
  check(clock.now() == baton::TimePoint(71h));
}

void names() {
  baton::Workflow epoch{"epoch"};
  auto model = epoch.input<int>("model");
  auto next = epoch.task(
      "evaluate",
      [](baton::Context& context, int n) {
        check(context.path() == "train/epoch[" + std::to_string(context.round()) + "]/evaluate");
        if (context.round() == 2) throw std::runtime_error("no data");
        return n + 1;
      },
      model);
  const baton::Plan epoch_plan = epoch.build();

  baton::Workflow training{"training"};
  auto zero = training.task("zero", [] { return 0; });
  auto trained = training.loop("epoch", zero, epoch_plan, model, next, [](int n) { return n == 5; }, {.limit = 5});
  const baton::Plan training_plan = training.build();

  baton::Workflow nightly{"nightly"};
  nightly.subworkflow("train", training_plan, trained);
  baton::Run run = baton::run(nightly);
  std::string message;
  try {
    run.get();
  } catch (const baton::RunFailed& error) {
    message = error.what();
  }
  check(message == "run " + std::to_string(run.id()) +
                       " of workflow 'nightly' failed\n"
                       "  task 'train/epoch[2]/evaluate': no data");
}

}  // namespace

int main() {
  function();
  plan_in_a_loop();
  limits();
  polite();
  names();
}
