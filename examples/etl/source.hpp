// SPDX-License-Identifier: MIT
#pragma once

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace etl {

namespace fs = std::filesystem;

/// The source did not answer: worth another attempt.
class SourceBusy : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// A file is not what it should be: reading it again is of no use.
class BrokenFile : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// A file, and by what a change of it is seen.
struct SourceFile {
  std::string name;
  std::uint64_t size = 0;
  std::int64_t modified = 0;  ///< In ticks of the file system's clock.
  friend bool operator==(const SourceFile&, const SourceFile&) = default;
};

/// The folder where the data comes from. Thread-safe.
class Source {
 public:
  /// @param flaky_share  So many files fail for the first one to three attempts, by the seed.
  Source(fs::path folder, double flaky_share, std::uint64_t seed);

  /// All files of orders, `orders-*.csv`, by name.
  /// @throws std::runtime_error when the folder cannot be listed or has none.
  [[nodiscard]] std::vector<SourceFile> list_orders() const;
  /// A file as it is now; nothing where there is none.
  [[nodiscard]] std::optional<SourceFile> look_at(const std::string& name) const;
  /// All of a file. @param attempt  Of the caller, from 1.
  /// @throws SourceBusy, and BrokenFile when it cannot be read.
  [[nodiscard]] std::string read(const std::string& name, std::uint32_t attempt) const;
  /// What follows the header of a file of orders. @throws as `read`, and BrokenFile where there is no such header.
  [[nodiscard]] std::string read_orders(const std::string& name, std::uint32_t attempt) const;

  /// How often SourceBusy was thrown.
  [[nodiscard]] std::uint64_t busy_count() const { return busy_count_; }

 private:
  void maybe_fail(const std::string& name, std::uint32_t attempt) const;

  const fs::path folder_;
  const double flaky_share_;
  const std::uint64_t seed_;
  mutable std::atomic<std::uint64_t> busy_count_ = 0;
};

}  // namespace etl
