// SPDX-License-Identifier: MIT
#include "audit.hpp"

#include "../table.hpp"

#include <algorithm>
#include <utility>

namespace saga {
namespace {

struct Line {
  std::uint64_t booking;
  std::int64_t cents;
  bool is_undone = false;
};

struct Trip {
  std::map<std::string, Line> bookings;  // by service
  bool is_confirmed = false;
  const Entry* end = nullptr;
};

class Auditor {
 public:
  Audit run(const std::vector<Entry>& ledger) {
    for (const Entry& entry : ledger) read(entry);
    for (const auto& [number, trip] : trips_) check(number, trip);
    for (ServiceFigures& service : audit_.services) check(service);
    return std::move(audit_);
  }

 private:
  void read(const Entry& entry) {
    switch (entry.event) {
      case Event::open:
        if (find(entry.service) != nullptr) fault(entry.service + " is opened twice");
        audit_.services.push_back({.name = entry.service, .stock = entry.stock, .left = {}});
        break;
      case Event::book:
        book(entry);
        break;
      case Event::undo:
        undo(entry);
        break;
      case Event::confirm:
        if (std::exchange(trips_[entry.trip].is_confirmed, true)) trip_fault(entry.trip, "is confirmed twice");
        break;
      case Event::end:
        if (std::exchange(trips_[entry.trip].end, &entry) != nullptr) trip_fault(entry.trip, "ends twice");
        break;
      case Event::close:
        if (!closed_.emplace(entry.service, &entry).second) fault(entry.service + " is closed twice");
        break;
    }
  }

  void book(const Entry& entry) {
    Trip& trip = trips_[entry.trip];
    if (trip.is_confirmed || trip.end != nullptr) trip_fault(entry.trip, "is over, but " + entry.service + " books");
    if (!trip.bookings.emplace(entry.service, Line{entry.booking, entry.cents}).second) {
      trip_fault(entry.trip, "has two bookings of " + entry.service);
    }
    ServiceFigures* const service = find(entry.service);
    if (service == nullptr) return fault(entry.service + " books, but was never opened");
    ++service->booked;
    if (service->stock && service->booked - service->undone > *service->stock) {
      fault(entry.service + " has booked more than there is, for trip " + std::to_string(entry.trip));
    }
  }

  void undo(const Entry& entry) {
    const auto known = trips_[entry.trip].bookings.find(entry.service);
    if (known == trips_[entry.trip].bookings.end() || known->second.booking != entry.booking) {
      return trip_fault(entry.trip, "has no booking " + std::to_string(entry.booking) + " of " + entry.service +
                                        ", which was undone");
    }
    if (std::exchange(known->second.is_undone, true)) trip_fault(entry.trip, entry.service + " is undone twice");
    if (ServiceFigures* const service = find(entry.service)) ++service->undone;
  }

  void check(std::uint64_t number, const Trip& trip) {
    if (trip.end == nullptr) return trip_fault(number, "does not end");
    ++(trip.end->succeeded ? audit_.succeeded : audit_.failed);
    if (trip.end->succeeded != trip.is_confirmed) {
      trip_fault(number, trip.is_confirmed ? "is confirmed, but failed" : "is not confirmed, but succeeded");
    }
    trip.end->succeeded ? check_succeeded(number, trip) : check_failed(number, trip);
    for (const std::string& service : trip.end->not_undone) {
      if (!trip.bookings.contains(service)) trip_fault(number, "could not undo " + service + ", which was not booked");
    }
  }

  void check_succeeded(std::uint64_t number, const Trip& trip) {
    std::int64_t cost = 0;
    std::int64_t paid = 0;
    for (const auto& [name, line] : trip.bookings) {
      (name == "payment" ? paid : cost) += line.cents;
      if (line.is_undone) trip_fault(number, "succeeded, but " + name + " is undone");
      if (ServiceFigures* const service = find(name)) ++service->confirmed;
    }
    for (const ServiceFigures& service : audit_.services) {
      if (!trip.bookings.contains(service.name)) trip_fault(number, "succeeded without " + service.name);
    }
    if (cost != paid) {
      trip_fault(number,
                 "costs " + examples::format_money(cost) + ", but " + examples::format_money(paid) + " are paid");
    }
  }

  void check_failed(std::uint64_t number, const Trip& trip) {
    for (const auto& [name, line] : trip.bookings) {
      const auto& listed = trip.end->not_undone;
      const bool is_listed = std::find(listed.begin(), listed.end(), name) != listed.end();
      if (!line.is_undone) {
        audit_.open.push_back({number, name, line.booking, line.cents});
        if (ServiceFigures* const service = find(name)) ++service->open;
        if (!is_listed) trip_fault(number, "failed, but " + name + " is still booked");
      } else if (is_listed) {
        trip_fault(number, "is said to have " + name + " not undone, but it is");
      }
    }
  }

  void check(ServiceFigures& service) {
    const auto closed = closed_.find(service.name);
    if (closed == closed_.end()) return fault(service.name + " is not closed");
    service.left = closed->second->stock;
    const std::uint64_t standing = service.booked - service.undone;
    if (service.stock.has_value() != service.left.has_value() ||
        (service.stock && *service.stock - standing != *service.left)) {
      fault(service.name + " has not the stock left that its bookings leave");
    }
    std::int64_t cents = 0;
    for (const auto& [number, trip] : trips_) {
      const auto line = trip.bookings.find(service.name);
      if (line != trip.bookings.end() && !line->second.is_undone) cents += line->second.cents;
    }
    if (cents != closed->second->cents) {
      fault(service.name + " says that its bookings are worth " + examples::format_money(closed->second->cents) +
            ", but they are worth " + examples::format_money(cents));
    }
  }

  ServiceFigures* find(const std::string& name) {
    for (ServiceFigures& service : audit_.services) {
      if (service.name == name) return &service;
    }
    return nullptr;
  }
  void fault(std::string text) { audit_.faults.push_back(std::move(text)); }
  void trip_fault(std::uint64_t trip, const std::string& text) { fault("trip " + std::to_string(trip) + ": " + text); }

  Audit audit_;
  std::map<std::uint64_t, Trip> trips_;
  std::map<std::string, const Entry*> closed_;
};

}  // namespace

Audit audit(const std::vector<Entry>& ledger) { return Auditor().run(ledger); }

}  // namespace saga
