// SPDX-License-Identifier: MIT
#include "report.hpp"

#include <array>
#include <cstdio>

namespace train {
namespace {

constexpr std::size_t most_rows = 10;

template <typename... Values>
std::string format(const char* pattern, Values... values) {
  std::array<char, 128> text{};
  std::snprintf(text.data(), text.size(), pattern, values...);
  return text.data();
}

std::string row(const Outcome& outcome, std::size_t at) {
  const Epoch& epoch = outcome.progress.epochs[at];
  return format("%7zu%16.6f%18.6f%11.2f %%%s\n", at + 1, epoch.training_loss, epoch.validation.loss,
                100 * epoch.validation.accuracy, at == outcome.progress.best_epoch ? "  best" : "");
}

/// Why training ended; `best` is counted from 1.
std::string end_of(const Outcome& outcome, const Settings& settings) {
  const std::size_t best = outcome.progress.best_epoch + 1;
  const std::size_t epochs = outcome.progress.epochs.size();
  if (outcome.progress.is_stuck(settings.patience)) {
    return format("stopped after epoch %zu: no gain since epoch %zu\n", epochs, best);
  }
  return format("stopped after epoch %zu, the last one allowed; the best was epoch %zu\n", epochs, best);
}

}  // namespace

std::string to_table(const Outcome& outcome, const Settings& settings) {
  const std::size_t count = outcome.progress.epochs.size();
  const std::size_t every = (count + most_rows - 1) / most_rows;
  std::string text = format("%zu points to learn from, %zu to validate, %zu features\n\n", outcome.training_size,
                            outcome.validation_size, settings.data.features);
  text += "  epoch   training loss   validation loss     accuracy\n";
  for (std::size_t at = 0; at < count; ++at) {
    if (at % every == 0 || at == outcome.progress.best_epoch || at + 1 == count) text += row(outcome, at);
  }
  return text + "\n" + end_of(outcome, settings);
}

std::string to_json(const Outcome& outcome, const Settings& settings) {
  std::string epochs;
  for (const Epoch& epoch : outcome.progress.epochs) {
    epochs += format("%s[%.17g,%.17g,%.17g]", epochs.empty() ? "" : ",", epoch.training_loss, epoch.validation.loss,
                     epoch.validation.accuracy);
  }
  std::string weights;
  for (const double weight : outcome.progress.best_weights) {
    weights += format("%s%.17g", weights.empty() ? "" : ",", weight);
  }
  return format(R"({"training":%zu,"validation":%zu,"best_epoch":%zu,"is_stuck":%s,"epochs":[)", outcome.training_size,
                outcome.validation_size, outcome.progress.best_epoch,
                outcome.progress.is_stuck(settings.patience) ? "true" : "false") +
         epochs + R"(],"best_weights":[)" + weights + "]}\n";
}

}  // namespace train
