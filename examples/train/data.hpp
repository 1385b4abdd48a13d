// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

namespace train {

/// Points with a class each, 0 or 1.
struct DataSet {
  std::size_t features = 0;
  std::vector<double> points;  ///< `features` numbers for each point.
  std::vector<double> classes;

  [[nodiscard]] std::size_t size() const { return classes.size(); }
  [[nodiscard]] const double* point(std::size_t index) const { return points.data() + index * features; }
};

/// Shared instead of copied: every round of training reads it.
using Data = std::shared_ptr<const DataSet>;

/// What to learn from, and what to check it by.
struct Split {
  Data training;
  Data validation;
};

/// How the data is made up.
struct DataSettings {
  std::uint64_t seed = 1;
  std::size_t samples = 4000;
  std::size_t features = 200;
};

/// Points around the origin, and a class that is drawn for each: the likelier 1, the further it lies along a direction
/// that is drawn too. The same settings give the same data everywhere.
DataSet make_data(const DataSettings& settings);

/// The first three quarters for training, the others for validation.
Split split(const DataSet& all);

}  // namespace train
