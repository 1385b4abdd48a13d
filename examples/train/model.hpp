// SPDX-License-Identifier: MIT
#pragma once

#include "data.hpp"

#include <cstddef>
#include <vector>

namespace train {

// Logistic regression: the probability of class 1 at a point is 1 / (1 + exp(-weights * point)).

/// @param point  As many numbers as there are weights.
double probability(const std::vector<double>& weights, const double* point);

/// What some points say about the weights: sums, not averages.
struct Gradient {
  double loss = 0;             ///< Of the logarithms of the probabilities of what was not drawn.
  std::vector<double> slopes;  ///< How the loss grows with each weight.
};
/// Of the points from `from` to below `to`.
Gradient find_gradient(const DataSet& data, const std::vector<double>& weights, std::size_t from, std::size_t to);

/// How well weights do.
struct Quality {
  double loss = 0;      ///< On average.
  double accuracy = 0;  ///< The share of points whose likelier class is theirs.
};
Quality judge(const DataSet& data, const std::vector<double>& weights);

}  // namespace train
