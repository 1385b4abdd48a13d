// SPDX-License-Identifier: MIT
#pragma once

#include "ledger.hpp"

#include <array>
#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace saga {

/// All services, in the order in which a customer thinks of them.
inline constexpr std::array<std::string_view, 5> service_names{"flight", "hotel", "car", "insurance", "payment"};

/// A service does not answer, or its answer is lost: worth another attempt.
class Busy : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// A service says no: asking again is of no use.
class Refused : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// What goes wrong, made to. It follows from the seed alone, not from the order in which things happen.
struct Faults {
  std::uint64_t seed = 1;
  std::set<std::string, std::less<>> refusing;     ///< These services refuse to book,
  double refused_share = 1;                        ///< for so many of the trips.
  std::set<std::string, std::less<>> not_undoing;  ///< These never answer when they are asked to undo.
  double busy_share = 0;                           ///< So many of all calls fail for one to three attempts.

  [[nodiscard]] bool refuses(std::string_view service, std::uint64_t trip) const;
};

/// Something that is booked.
struct Booking {
  std::string service;
  std::uint64_t trip;
  std::uint64_t number;  ///< At the service, from 1.
  std::int64_t cents;
};

/// A booking and what became of it.
struct Record {
  enum class State : std::uint8_t { held, confirmed, undone };
  Booking booking;
  State state = State::held;
};

/// Somebody who books. Every call may fail with Busy, before or after the work was done; so all of them may be repeated
/// and are carried out once. Thread-safe.
class Service {
 public:
  /// @param stock  What there is to book; nothing for no limit.
  /// `ledger` and `faults` outlive the service.
  Service(std::string_view name, std::optional<std::uint64_t> stock, Ledger& ledger, const Faults& faults);

  /// Books for a trip, or finds what is booked for it.
  /// @param attempt  Which attempt of the caller this is, from 1.
  /// @throws Busy, Refused, and std::runtime_error where the ledger cannot be written.
  Booking book(std::uint64_t trip, std::int64_t cents, std::uint32_t attempt);
  /// Takes the trip's booking back. @throws as `book`.
  void undo(std::uint64_t trip, std::uint32_t attempt);
  /// Takes note that the trip's booking is final.
  void confirm(std::uint64_t trip);

  /// What is known of a trip.
  [[nodiscard]] std::optional<Record> find(std::uint64_t trip) const;
  /// How often it did not answer.
  [[nodiscard]] std::uint64_t busy_count() const { return busy_count_; }
  /// Tells the ledger what it has.
  void close();

 private:
  void answer(std::string_view call, std::uint64_t trip, std::uint32_t attempt, bool is_done);

  const std::string name_;
  Ledger& ledger_;
  const Faults& faults_;
  std::atomic<std::uint64_t> busy_count_ = 0;
  mutable std::mutex mutex_;
  std::optional<std::uint64_t> stock_;
  std::uint64_t last_number_ = 0;
  std::map<std::uint64_t, Record> records_;  // by trip
};

/// All services of the trade, and their ledger.
class Market {
 public:
  /// @param stock  Of flights, hotel rooms and cars each.
  /// `ledger` and `faults` outlive the market.
  Market(std::uint64_t stock, Ledger& ledger, const Faults& faults);

  Service& operator[](std::string_view name);
  /// Makes all bookings of a trip final, by one line of the ledger.
  void confirm(std::uint64_t trip);
  /// What is known of a trip, service by service.
  [[nodiscard]] std::vector<Record> find(std::uint64_t trip) const;
  [[nodiscard]] std::uint64_t busy_count() const;
  void close();

 private:
  Ledger& ledger_;
  std::array<std::unique_ptr<Service>, service_names.size()> services_;
};

}  // namespace saga
