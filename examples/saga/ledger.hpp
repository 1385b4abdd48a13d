// SPDX-License-Identifier: MIT
#pragma once

#include "line_file.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace saga {

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

/// A file of lines, each a JSON object. Thread-safe.
class Ledger {
 public:
  /// As LineFile.
  explicit Ledger(fs::path path) : lines_(std::move(path)) {}

  /// As LineFile::add.
  void add(const Entry& entry);

 private:
  LineFile lines_;
};

/// The lines of a ledger. @throws std::runtime_error naming the file, or the line that is none.
std::vector<Entry> read_ledger(const fs::path& path);

}  // namespace saga
