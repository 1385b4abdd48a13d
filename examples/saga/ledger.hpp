// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace saga {

namespace fs = std::filesystem;

/// What a line of the ledger tells.
enum class Event : std::uint8_t {
  open,     ///< A service begins, with a stock.
  book,     ///< It has booked something for a trip.
  undo,     ///< It has taken a booking back.
  confirm,  ///< All bookings of a trip are final.
  end,      ///< A trip is over.
  close,    ///< What a service says that it has at the end.
};

/// A line of the ledger; which members count depends on the event.
struct Entry {
  Event event;
  std::string service{};                  ///< Of open, book, undo, close.
  std::uint64_t trip = 0;                 ///< Of book, undo, confirm, end.
  std::uint64_t booking = 0;              ///< Of book, undo: its number at the service.
  std::int64_t cents = 0;                 ///< Of book: the price; of close: what bookings that stand are worth.
  std::optional<std::uint64_t> stock{};   ///< Of open, close: what is left to be booked; nothing for no limit.
  bool succeeded = false;                 ///< Of end.
  std::vector<std::string> not_undone{};  ///< Of end: services whose undo failed for good.
};

/// A file that is only ever added to, a JSON object a line. Thread-safe.
class Ledger {
 public:
  /// Begins a new file. @throws std::runtime_error when that cannot be opened.
  explicit Ledger(fs::path path);

  /// Adds a line; it is with the system when this returns.
  /// @throws std::runtime_error when it cannot be written, and for every later line.
  void add(const Entry& entry);

 private:
  fs::path path_;
  std::mutex mutex_;
  std::ofstream file_;
};

/// The lines of a ledger. @throws std::runtime_error naming the file, or the line that is none.
std::vector<Entry> read_ledger(const fs::path& path);

}  // namespace saga
