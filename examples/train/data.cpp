// SPDX-License-Identifier: MIT
#include "data.hpp"

#include "model.hpp"

#include <cmath>

namespace train {
namespace {

/// SplitMix64: a counter, well mixed.
class Random {
 public:
  explicit Random(std::uint64_t seed) : state_(seed) {}

  /// From 0 to below 1.
  double uniform() {
    state_ += 0x9E3779B97F4A7C15U;
    std::uint64_t bits = state_;
    bits = (bits ^ (bits >> 30U)) * 0xBF58476D1CE4E5B9U;
    bits = (bits ^ (bits >> 27U)) * 0x94D049BB133111EBU;
    bits ^= bits >> 31U;
    return static_cast<double>(bits >> 11U) * 0x1.0p-53;
  }
  /// Nearly normal: 0 on average, with a deviation of 1.
  double normal() {
    double sum = -6;
    for (int i = 0; i < 12; ++i) sum += uniform();
    return sum;
  }

 private:
  std::uint64_t state_;
};

Data part(const DataSet& all, std::size_t from, std::size_t to) {
  const auto begin = static_cast<std::ptrdiff_t>(from);
  const auto end = static_cast<std::ptrdiff_t>(to);
  const auto features = static_cast<std::ptrdiff_t>(all.features);
  DataSet cut;
  cut.features = all.features;
  cut.points.assign(all.points.begin() + begin * features, all.points.begin() + end * features);
  cut.classes.assign(all.classes.begin() + begin, all.classes.begin() + end);
  return std::make_shared<const DataSet>(std::move(cut));
}

}  // namespace

DataSet make_data(const DataSettings& settings) {
  Random random(settings.seed);
  // So long that a class can be told from its point nine times in ten.
  const double scale = 4 / std::sqrt(static_cast<double>(settings.features));
  std::vector<double> direction(settings.features);
  for (double& each : direction) each = scale * random.normal();
  DataSet data;
  data.features = settings.features;
  data.points.reserve(settings.samples * settings.features);
  data.classes.reserve(settings.samples);
  for (std::size_t sample = 0; sample < settings.samples; ++sample) {
    for (std::size_t feature = 0; feature < settings.features; ++feature) data.points.push_back(random.normal());
    const double likely = probability(direction, data.point(sample));
    data.classes.push_back(random.uniform() < likely ? 1 : 0);
  }
  return data;
}

Split split(const DataSet& all) {
  const std::size_t cut = all.size() / 4 * 3;
  return {part(all, 0, cut), part(all, cut, all.size())};
}

}  // namespace train
