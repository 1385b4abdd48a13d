// SPDX-License-Identifier: MIT
#include "data.hpp"

#include "../random.hpp"
#include "model.hpp"

#include <cmath>

namespace train {
namespace {

/// Nearly normal: 0 on average, with a deviation of 1.
double normal(examples::Random& random) {
  double sum = -6;
  for (int i = 0; i < 12; ++i) sum += random.uniform();
  return sum;
}

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
  examples::Random random(settings.seed);
  // So long that a class can be told from its point nine times in ten.
  const double scale = 4 / std::sqrt(static_cast<double>(settings.features));
  std::vector<double> direction(settings.features);
  for (double& each : direction) each = scale * normal(random);
  DataSet data;
  data.features = settings.features;
  data.points.reserve(settings.samples * settings.features);
  data.classes.reserve(settings.samples);
  for (std::size_t sample = 0; sample < settings.samples; ++sample) {
    for (std::size_t feature = 0; feature < settings.features; ++feature) data.points.push_back(normal(random));
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
