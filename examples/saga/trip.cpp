// SPDX-License-Identifier: MIT
#include "trip.hpp"

#include "../table.hpp"

#include <baton/baton.hpp>
#include <baton/observe/text.hpp>

#include <algorithm>
#include <chrono>
#include <initializer_list>
#include <stdexcept>
#include <utility>

namespace saga {
namespace {

using namespace std::chrono_literals;

/// For calls of services: only what may go away by itself is tried again.
baton::Retry patience(std::uint32_t attempts) {
  return {.attempts = attempts,
          .delay = 2ms,
          .backoff = 2,
          .max_delay = 50ms,
          .jitter = 0.2,
          .filter = baton::retry_on<Busy>()};
}
constexpr std::uint32_t book_attempts = 5;
constexpr std::uint32_t undo_attempts = 7;  // what is not undone somebody has to undo by hand

/// Prices differ from trip to trip.
std::int64_t price(std::int64_t cents, std::uint64_t trip) {
  return cents + static_cast<std::int64_t>(trip % 97) * (cents / 100);
}

std::int64_t sum(std::initializer_list<const Booking*> bookings) {
  std::int64_t cents = 0;
  for (const Booking* booking : bookings) cents += booking->cents;
  return cents;
}

/// What undoes a booking at a service.
auto undo_at(Service& service) {
  return [&service](const baton::Context& context, const Booking& booking) {
    service.undo(booking.trip, context.attempt());
  };
}

std::string describe(const Record& record, bool is_booked) {
  const bool is_undone = record.state == Record::State::undone;
  std::string line = "  " + examples::pad_right(record.booking.service, 10);
  line += examples::pad_left(examples::format_money(record.booking.cents), 10);
  line += is_booked ? "  confirmed" : is_undone ? "  undone" : "  NOT undone: to be undone by hand";
  return line + ", booking " + std::to_string(record.booking.number) + '\n';
}

std::string write_statement(std::uint64_t trip, bool is_booked, const std::vector<Record>& records) {
  std::string text = "trip " + std::to_string(trip) + (is_booked ? ": booked\n" : ": not booked\n");
  for (const Record& record : records) text += describe(record, is_booked);
  if (records.empty()) text += "  nothing was booked\n";
  return text;
}

constexpr std::string_view undo_suffix = "/compensate";

}  // namespace

TripFlow::TripFlow(Market& market, LineFile& statements) {
  // A booking whose answer was lost is asked for again; the service finds the one it has made.
  const auto add = [&](std::string_view name, auto find_price, const auto&... earlier) {
    Service& service = market[name];
    return flow_
        .task(
            name,
            [&service, find_price](const baton::Context& context, std::uint64_t trip, const auto&... bookings) {
              return service.book(trip, find_price(trip, bookings...), context.attempt());
            },
            trip_, earlier...)
        .retry(patience(book_attempts))
        .compensate(undo_at(service), patience(undo_attempts));
  };
  const auto fixed = [](std::int64_t cents) { return [cents](std::uint64_t trip) { return price(cents, trip); }; };

  const auto flight = add("flight", fixed(24'900));
  const auto hotel = add("hotel", fixed(41'300)).after(flight);
  const auto car = add("car", fixed(17'550)).after(flight);
  const auto insurance = add(
      "insurance",
      [](std::uint64_t, const Booking& a, const Booking& b, const Booking& c) { return sum({&a, &b, &c}) / 25; },
      flight, hotel, car);
  const auto payment = add(
      "payment",
      [](std::uint64_t, const Booking& a, const Booking& b, const Booking& c, const Booking& d) {
        return sum({&a, &b, &c, &d});
      },
      flight, hotel, car, insurance);
  confirm_ = flow_.task("confirm", [&market](std::uint64_t trip) { market.confirm(trip); }, trip_).after(payment);
  statement_ = flow_.finally(
      "statement",
      [&](std::uint64_t trip, const baton::Outcome<void>& confirmed) {
        std::string text = write_statement(trip, confirmed.succeeded(), market.find(trip));
        statements.add(text);
        return text;
      },
      trip_, outcome(confirm_));
}

TripResult TripFlow::result(std::uint64_t trip, const baton::Run& run) const {
  TripResult result;
  result.trip = trip;
  result.succeeded = run.state(confirm_) == baton::TaskState::succeeded;
  for (const baton::TaskFailure& failure : run.failures()) {
    const std::string& name = failure.task_name;
    if (name.ends_with(undo_suffix)) {
      result.not_undone.push_back(name.substr(0, name.size() - undo_suffix.size()));
    } else if (failure.task == run.plan().id(statement_)) {
      result.statement_error = failure.message;
    } else if (result.reason.empty()) {
      result.reason = name + ": " + failure.message;
    }
  }
  std::sort(result.not_undone.begin(), result.not_undone.end());
  if (run.state(statement_) == baton::TaskState::succeeded) result.statement = run.result(statement_);
  return result;
}

}  // namespace saga
