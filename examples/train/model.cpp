// SPDX-License-Identifier: MIT
#include "model.hpp"

#include <cmath>

namespace train {
namespace {

double dot(const std::vector<double>& weights, const double* point) {
  double sum = 0;
  for (std::size_t i = 0; i < weights.size(); ++i) sum += weights[i] * point[i];
  return sum;
}

double squash(double sum) { return 1 / (1 + std::exp(-sum)); }

/// The logarithm of 1 / probability of the class that it is, without rounding it to 0 or infinity.
double loss_at(double sum, double is_one) {
  const double margin = is_one > 0 ? sum : -sum;
  return margin > 0 ? std::log1p(std::exp(-margin)) : std::log1p(std::exp(margin)) - margin;
}

}  // namespace

double probability(const std::vector<double>& weights, const double* point) { return squash(dot(weights, point)); }

Gradient find_gradient(const DataSet& data, const std::vector<double>& weights, std::size_t from, std::size_t to) {
  Gradient gradient{0, std::vector<double>(weights.size(), 0)};
  for (std::size_t at = from; at < to; ++at) {
    const double* const point = data.point(at);
    const double sum = dot(weights, point);
    const double error = squash(sum) - data.classes[at];
    gradient.loss += loss_at(sum, data.classes[at]);
    for (std::size_t i = 0; i < weights.size(); ++i) gradient.slopes[i] += error * point[i];
  }
  return gradient;
}

Quality judge(const DataSet& data, const std::vector<double>& weights) {
  double loss = 0;
  std::size_t right = 0;
  for (std::size_t at = 0; at < data.size(); ++at) {
    const double sum = dot(weights, data.point(at));
    loss += loss_at(sum, data.classes[at]);
    right += (sum > 0) == (data.classes[at] > 0) ? 1 : 0;
  }
  const auto size = static_cast<double>(data.size());
  return {loss / size, static_cast<double>(right) / size};
}

}  // namespace train
