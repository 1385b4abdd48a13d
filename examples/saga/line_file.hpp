// SPDX-License-Identifier: MIT
#pragma once

#include <filesystem>
#include <fstream>
#include <mutex>
#include <string_view>

namespace saga {

namespace fs = std::filesystem;

/// A file that is only ever added to. Thread-safe.
class LineFile {
 public:
  /// Begins a new file. @throws std::runtime_error when that cannot be opened.
  explicit LineFile(fs::path path);

  /// Adds `text` and a line end; they are with the system when this returns.
  /// @throws std::runtime_error when they cannot be written, and for everything later.
  void add(std::string_view text);

 private:
  fs::path path_;
  std::mutex mutex_;
  std::ofstream file_;
};

}  // namespace saga
