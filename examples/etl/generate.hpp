// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>

namespace etl {

namespace fs = std::filesystem;

/// What to make up.
struct GenerateSettings {
  std::size_t orders = 0;
  std::size_t files = 8;  ///< Of orders, besides a broken one.
  std::uint64_t seed = 1;
  bool is_domestic = false;  ///< All orders are in our currency.
};

/// Writes customers.json, rates.json and orders-*.csv to a folder, which it makes; some lines and the last file are
/// broken. The same settings give the same files everywhere.
/// @throws std::runtime_error when the folder has orders already, or cannot be written to.
void generate(const fs::path& folder, const GenerateSettings& settings);

}  // namespace etl
