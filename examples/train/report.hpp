// SPDX-License-Identifier: MIT
#pragma once

#include "training.hpp"

#include <string>

namespace train {

/// A table of some epochs, and what came of it.
std::string to_table(const Outcome& outcome, const Settings& settings);
/// Every figure, as one line of JSON.
std::string to_json(const Outcome& outcome, const Settings& settings);

}  // namespace train
