// SPDX-License-Identifier: MIT
// What docs/how-to/undo-and-clean-up.md shows.
#include "check.hpp"

#include <baton/baton.hpp>

#include <chrono>
#include <stdexcept>
#include <string>
#include <vector>

using namespace std::chrono_literals;

namespace {

std::vector<std::string> log;

struct Booking {
  std::string id;
};
Booking book(const std::string& what) {
  if (what == "car") throw std::runtime_error("no cars left");
  return {what + " 7"};
}
void cancel_booking(const Booking& booking) { log.push_back("cancelled " + booking.id); }

}  // namespace

int main() {
  baton::Workflow flow{"trip"};
  const auto flight =
      flow.task("flight", [] { return book("flight"); }).compensate(cancel_booking, {.attempts = 5, .delay = 1s});
  const auto hotel = flow.task("hotel", [] { return book("hotel"); }).after(flight).compensate(cancel_booking);
  const auto car = flow.task("car", [] { return book("car"); }).after(hotel).compensate(cancel_booking);
  flow.finally(
      "tell the customer",
      [](const baton::Outcome<Booking>& last) { log.push_back(last.succeeded() ? "booked" : "not booked"); },
      outcome(car));

  const baton::Run run = baton::run(flow);
  check(run.state() == baton::RunState::failed);
  check(log == std::vector<std::string>({"cancelled hotel 7", "cancelled flight 7", "not booked"}));
}
