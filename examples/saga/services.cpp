// SPDX-License-Identifier: MIT
#include "services.hpp"

#include "../random.hpp"

#include <algorithm>

namespace saga {
namespace {

std::string topic(std::string_view service, std::string_view call, std::uint64_t trip) {
  return std::string(service).append("/").append(call).append("/").append(std::to_string(trip));
}

}  // namespace

bool Faults::refuses(std::string_view service, std::uint64_t trip) const {
  return refusing.contains(service) && examples::Random(seed, topic(service, "refuse", trip)).uniform() < refused_share;
}

Service::Service(std::string_view name, std::optional<std::uint64_t> stock, Ledger& ledger, const Faults& faults)
    : name_(name), ledger_(ledger), faults_(faults), stock_(stock) {
  ledger_.add({.event = Event::open, .service = name_, .stock = stock_});
}

/// Fails where this attempt is to fail at this point, before or after the work was done.
void Service::answer(std::string_view call, std::uint64_t trip, std::uint32_t attempt, bool is_done) {
  examples::Random random(faults_.seed, topic(name_, call, trip));
  if (random.uniform() >= faults_.busy_share || attempt > 1 + random.below(3)) return;
  const bool is_lost = ((random.next() >> attempt) & 1U) != 0;
  if (is_lost != is_done) return;
  ++busy_count_;
  throw Busy(is_lost ? "the answer was lost" : "no answer");
}

Booking Service::book(std::uint64_t trip, std::int64_t cents, std::uint32_t attempt) {
  answer("book", trip, attempt, false);
  if (faults_.refuses(name_, trip)) throw Refused("refused");
  Booking booking{name_, trip, 0, cents};
  {
    const std::lock_guard lock{mutex_};
    if (const auto known = records_.find(trip); known != records_.end()) {
      booking = known->second.booking;
    } else {
      if (stock_ && *stock_ == 0) throw Refused("sold out");
      booking.number = last_number_ + 1;
      ledger_.add({.event = Event::book, .service = name_, .trip = trip, .booking = booking.number, .cents = cents});
      records_.emplace(trip, Record{booking});
      last_number_ = booking.number;
      if (stock_) --*stock_;
    }
  }
  answer("book", trip, attempt, true);
  return booking;
}

void Service::undo(std::uint64_t trip, std::uint32_t attempt) {
  answer("undo", trip, attempt, false);
  if (faults_.not_undoing.contains(name_)) {
    ++busy_count_;
    throw Busy("no answer");
  }
  {
    const std::lock_guard lock{mutex_};
    Record& record = records_.at(trip);
    if (record.state == Record::State::held) {
      ledger_.add({.event = Event::undo, .service = name_, .trip = trip, .booking = record.booking.number});
      record.state = Record::State::undone;
      if (stock_) ++*stock_;
    }
  }
  answer("undo", trip, attempt, true);
}

void Service::confirm(std::uint64_t trip) {
  const std::lock_guard lock{mutex_};
  records_.at(trip).state = Record::State::confirmed;
}

std::optional<Record> Service::find(std::uint64_t trip) const {
  const std::lock_guard lock{mutex_};
  const auto known = records_.find(trip);
  return known == records_.end() ? std::nullopt : std::optional(known->second);
}

void Service::close() {
  const std::lock_guard lock{mutex_};
  Entry entry{.event = Event::close, .service = name_, .stock = stock_};
  for (const auto& [trip, record] : records_) {
    if (record.state != Record::State::undone) entry.cents += record.booking.cents;
  }
  ledger_.add(entry);
}

Market::Market(std::uint64_t stock, Ledger& ledger, const Faults& faults) : ledger_(ledger) {
  for (std::size_t i = 0; i < services_.size(); ++i) {
    const std::string_view name = service_names[i];
    const bool is_limited = name != "insurance" && name != "payment";
    services_[i] = std::make_unique<Service>(name, is_limited ? std::optional(stock) : std::nullopt, ledger, faults);
  }
}

Service& Market::operator[](std::string_view name) {
  const auto* const found = std::find(service_names.begin(), service_names.end(), name);
  return *services_.at(static_cast<std::size_t>(found - service_names.begin()));
}

void Market::confirm(std::uint64_t trip) {
  ledger_.add({.event = Event::confirm, .trip = trip});
  for (const auto& service : services_) service->confirm(trip);
}

std::vector<Record> Market::find(std::uint64_t trip) const {
  std::vector<Record> records;
  for (const auto& service : services_) {
    if (auto record = service->find(trip)) records.push_back(std::move(*record));
  }
  return records;
}

std::uint64_t Market::busy_count() const {
  std::uint64_t count = 0;
  for (const auto& service : services_) count += service->busy_count();
  return count;
}

void Market::close() {
  for (const auto& service : services_) service->close();
}

}  // namespace saga
