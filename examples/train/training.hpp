// SPDX-License-Identifier: MIT
#pragma once

#include "data.hpp"
#include "model.hpp"

#include <baton/baton.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

namespace train {

/// How to train.
struct Settings {
  DataSettings data;
  std::size_t epochs = 500;   ///< The most there are.
  std::size_t patience = 10;  ///< Training stops after as many epochs without a gain.
  double rate = 0.5;          ///< How far a step goes.
};

/// What an epoch found.
struct Epoch {
  double training_loss;  ///< Before its step.
  Quality validation;    ///< After its step.
};

/// What goes from epoch to epoch.
struct Progress {
  std::vector<double> weights;
  std::vector<double> best_weights;  ///< Those with the lowest validation loss so far.
  std::size_t best_epoch = 0;        ///< Counted from 0.
  std::vector<Epoch> epochs;

  /// Whether the last `patience` epochs brought no gain.
  [[nodiscard]] bool is_stuck(std::size_t patience) const;
};

/// How a training went.
struct Outcome {
  Progress progress;
  std::size_t training_size = 0;
  std::size_t validation_size = 0;
};

/// Trains on `scheduler`, in parallel; the calling thread works along.
/// @param observers  Told of the run, besides the scheduler's.
/// @throws baton::RunFailed
Outcome train(baton::Scheduler& scheduler, const Settings& settings,
              std::vector<std::shared_ptr<baton::Observer>> observers);

}  // namespace train
