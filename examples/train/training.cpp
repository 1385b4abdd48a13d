// SPDX-License-Identifier: MIT
#include "training.hpp"

#include <string>
#include <utility>

namespace train {
namespace {

// The points are divided in the same way whatever the number of threads, so that sums are rounded the same way.
constexpr std::size_t shards = 8;

/// One epoch: the gradient shard by shard, a step against it, and a look at how well that does.
struct EpochFlow {
  baton::Workflow flow{"epoch"};
  baton::Input<Progress> before = flow.input<Progress>("progress");
  baton::Input<Data> training = flow.input<Data>("training data");
  baton::Input<Data> validation = flow.input<Data>("validation data");
  baton::Task<Progress> after;

  explicit EpochFlow(double rate) {
    std::vector<baton::Task<Gradient>> gradients;
    for (std::size_t shard = 0; shard < shards; ++shard) {
      const auto find = [shard](const Progress& progress, const Data& data) {
        return find_gradient(*data, progress.weights, data->size() * shard / shards,
                             data->size() * (shard + 1) / shards);
      };
      gradients.push_back(flow.task("gradient " + std::to_string(shard), find, before, training));
    }
    const auto step = flow.task("step", Step{rate}, before, gradients, training);
    after = flow.task("evaluate", Evaluate{}, take(step), validation);
  }

  struct Step {
    double rate;
    Progress operator()(const Progress& from, const baton::Values<Gradient>& gradients, const Data& data) const {
      Progress progress = from;
      const auto size = static_cast<double>(data->size());
      double loss = 0;
      for (const Gradient& gradient : gradients) {
        loss += gradient.loss;
        for (std::size_t i = 0; i < progress.weights.size(); ++i) {
          progress.weights[i] -= rate * gradient.slopes[i] / size;
        }
      }
      progress.epochs.push_back({loss / size, {}});
      return progress;
    }
  };

  struct Evaluate {
    Progress operator()(Progress&& progress, const Data& data) const {
      const Quality now = judge(*data, progress.weights);
      progress.epochs.back().validation = now;
      const std::size_t epoch = progress.epochs.size() - 1;
      if (epoch == 0 || now.loss < progress.epochs[progress.best_epoch].validation.loss) {
        progress.best_epoch = epoch;
        progress.best_weights = progress.weights;
      }
      return std::move(progress);
    }
  };
};

}  // namespace

bool Progress::is_stuck(std::size_t patience) const { return epochs.size() > best_epoch + patience; }

Outcome train(baton::Scheduler& scheduler, const Settings& settings,
              std::vector<std::shared_ptr<baton::Observer>> observers) {
  const EpochFlow epoch(settings.rate);
  const baton::Plan epoch_plan = epoch.flow.build();

  baton::Workflow flow{"train"};
  const auto data = flow.task("make data", [settings] { return split(make_data(settings.data)); });
  const auto training = flow.task("training data", [](const Split& all) { return all.training; }, data);
  const auto validation = flow.task("validation data", [](const Split& all) { return all.validation; }, data);
  const auto first = flow.task("first weights", [settings] {
    Progress begin;
    begin.weights.resize(settings.data.features);
    return begin;
  });
  const auto trained = flow.loop(
      "epoch", take(first), epoch_plan, epoch.before, epoch.after,
      [patience = settings.patience](const Progress& progress) { return progress.is_stuck(patience); },
      {.limit = settings.epochs, .at_limit = baton::AtLimit::succeed}, bind(epoch.training, training),
      bind(epoch.validation, validation));

  const baton::Run run = scheduler.run(flow.build(), {.observers = std::move(observers)});
  const Progress& progress = run.get(trained);
  return {progress, run.result(training)->size(), run.result(validation)->size()};
}

}  // namespace train
