// SPDX-License-Identifier: MIT
#pragma once

#include "totals.hpp"

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace etl {

/// What a load leaves behind for the next one.
struct State {
  SourceFile customers;
  std::optional<SourceFile> rates;
  std::vector<FileResult> files;  ///< Those without a problem.
};

/// The state in a file; nothing where there is no such file.
/// @throws std::runtime_error when it cannot be read or is none.
std::optional<State> read_state(const fs::path& path);
/// The same as text, of all files without a problem.
std::string to_json(const SourceFile& customers, const std::optional<SourceFile>& rates,
                    const std::vector<FileResult>& files);

/// Writes a file, as a whole or not at all. @throws std::runtime_error when that is not possible.
void write_file(const fs::path& path, const std::string& text);

}  // namespace etl
