// SPDX-License-Identifier: MIT
#include <baton/testing/doubles.hpp>

#include <baton/base/error.hpp>
#include <baton/graph/loop.hpp>

#include "graph/stand_in.hpp"
#include "testing/name_pattern.hpp"

#include <atomic>
#include <map>
#include <optional>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

namespace baton {
namespace {

using detail::NamedBody;

/// What was said of the tasks that match `pattern`; the parts that are there.
struct Saying {
  std::string pattern;
  TypeRef type = nullptr;
  std::function<void(void*, Context&)> make{};
  std::exception_ptr error{};
  std::uint32_t failures = 0;
  std::optional<Duration> delay{};

  /// Adds what `later` says.
  void take(const Saying& later) {
    if (later.make) make = later.make;
    if (later.error) std::tie(error, failures) = std::tie(later.error, later.failures);
    if (later.delay) delay = later.delay;
  }
};

using Counter = std::atomic<std::uint64_t>;

/// A task that has begun its delay: like a loop, its body is called again.
class Delayed final : public detail::Rounds {
 public:
  void keep(void*) override {}
};

class Double final : public detail::StandIn {
 public:
  Double(Saying saying, std::shared_ptr<Counter> calls) : said_(std::move(saying)), calls_(std::move(calls)) {}

  void call(const detail::OriginalBody& original, const detail::Frame& frame, std::uint32_t task) const override {
    Context& context = *frame.context;
    std::shared_ptr<detail::Rounds>& rounds = context.rounds();
    if (rounds && rounds->is_broken) rounds = nullptr;
    if (rounds && dynamic_cast<const Delayed*>(rounds.get()) == nullptr) return original.call(frame, task);  // a loop
    if (!rounds) {
      calls_->fetch_add(1, std::memory_order_relaxed);
      if (said_.delay > Duration::zero()) {
        rounds = std::make_shared<Delayed>();
        rounds->again = true;
        context.park_for(*said_.delay);
        return;
      }
    }
    rounds = nullptr;
    if (context.attempt() <= said_.failures) std::rethrow_exception(said_.error);
    if (!said_.make) return original.call(frame, task);
    said_.make(frame.value<std::byte>(frame.slots_of(task)[0]), context);
  }

 private:
  const Saying said_;
  const std::shared_ptr<Counter> calls_;
};

std::string of(const Workflow& flow) {
  return flow.name().empty() ? std::string("the workflow") : "workflow '" + std::string(flow.name()) + "'";
}

void check_type(const Saying& saying, const NamedBody& body) {
  if (!saying.make || same_type(saying.type, body.result)) return;
  throw UsageError("doubles: task '" + body.name + "' returns " + readable_name(*body.result->id) + ", its double '" +
                   saying.pattern + "' " + readable_name(*saying.type->id));
}

[[noreturn]] void refuse_pattern(const std::string& pattern, const Workflow& flow,
                                 const std::vector<std::string>& names, const std::vector<std::string>& inputs) {
  if (!detail::find_matches(pattern, inputs).empty()) {
    throw UsageError("doubles: '" + pattern + "' is an input of " + of(flow) +
                     ", which has no body; give it a value by Inputs::set");
  }
  throw UsageError("doubles: no task of " + of(flow) + " matches '" + pattern + "'" +
                   detail::nearest_names(pattern, names));
}

}  // namespace

struct Doubles::State {
  std::vector<Saying> sayings;
  std::map<std::string, std::shared_ptr<Counter>, std::less<>> calls;  // by task
};

Doubles::Doubles() : state_(std::make_unique<State>()) {}
Doubles::Doubles(Doubles&& other) noexcept = default;
Doubles& Doubles::operator=(Doubles&& other) noexcept = default;
Doubles::~Doubles() = default;

Doubles& Doubles::add_result(std::string_view pattern, TypeRef type, Make make) {
  detail::check_pattern("doubles", pattern);
  state_->sayings.push_back({.pattern = std::string(pattern), .type = type, .make = std::move(make)});
  return *this;
}

Doubles& Doubles::returns(std::string_view pattern) {
  return add_result(pattern, type_of<void>(), [](void*, Context&) {});
}

Doubles& Doubles::fails(std::string_view pattern, std::exception_ptr error, std::uint32_t times) {
  detail::check_pattern("doubles", pattern);
  const std::string who = "doubles: '" + std::string(pattern) + "' ";
  if (!error) throw UsageError(who + "is to fail with no exception; pass one");
  if (times == 0) throw UsageError(who + "is to fail 0 times; leave the call out");
  state_->sayings.push_back({.pattern = std::string(pattern), .error = std::move(error), .failures = times});
  return *this;
}

Doubles& Doubles::delays(std::string_view pattern, Duration duration) {
  detail::check_pattern("doubles", pattern);
  if (duration < Duration::zero()) {
    throw UsageError("doubles: the delay of '" + std::string(pattern) +
                     "' is negative: " + std::to_string(duration.count()) + " ns");
  }
  state_->sayings.push_back({.pattern = std::string(pattern), .delay = duration});
  return *this;
}

void Doubles::apply(Workflow& flow) {
  const std::vector<NamedBody> bodies = detail::bodies_of(flow.data());
  std::vector<std::string> names;
  names.reserve(bodies.size());
  for (const NamedBody& body : bodies) names.push_back(body.name);

  std::map<std::size_t, Saying> said;  // by place in `bodies`
  for (const Saying& saying : state_->sayings) {
    const std::vector<std::size_t> places = detail::find_matches(saying.pattern, names);
    if (places.empty()) refuse_pattern(saying.pattern, flow, names, detail::input_names(flow.data()));
    for (const std::size_t place : places) {
      check_type(saying, bodies[place]);
      said[place].take(saying);
    }
  }
  for (const auto& [place, saying] : said) {
    std::shared_ptr<Counter>& counter = state_->calls[names[place]];
    if (!counter) counter = std::make_shared<Counter>(0);
    detail::put_in_place(flow.data(), bodies[place].task, std::make_shared<const Double>(saying, counter));
  }
}

std::uint64_t Doubles::calls(std::string_view pattern) const {
  bool any = false;
  std::uint64_t sum = 0;
  std::vector<std::string> names;
  for (const auto& [name, counter] : state_->calls) {
    names.push_back(name);
    if (!detail::matches(pattern, name)) continue;
    any = true;
    sum += counter->load(std::memory_order_relaxed);
  }
  if (any) return sum;
  throw UsageError("doubles: no task that has a double matches '" + std::string(pattern) + "'" +
                   detail::nearest_names(pattern, names));
}

}  // namespace baton
