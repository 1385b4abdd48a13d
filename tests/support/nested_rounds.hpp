// SPDX-License-Identifier: MIT
#pragma once

#include <baton/graph/workflow.hpp>

#include <cstdint>
#include <functional>
#include <memory>
#include <random>
#include <string>
#include <vector>

namespace baton::test {

/// A workflow of loops and sub-workflows inside one another, drawn by a seed. Its tasks form one chain from the first
/// to the last, so there is one order in which they may be called: depth first.
///
/// Each task notes its path; the note is no atomic and has no lock, so under thread sanitizer this also checks that
/// what a round does is visible to the next. One run at a time.
class NestedRounds {
 public:
  /// @param depth    How deep loops and sub-workflows may stand in one another.
  /// @param longest  How long a task parks at most; zero: none does.
  NestedRounds(std::uint64_t seed, int depth, Duration longest = Duration::zero()) : random_(seed), longest_(longest) {
    const Level level = draw(depth);
    plan_ = level.plan;
    in_ = level.in;
    out_ = level.out;
    level.list("", expected_);
  }
  NestedRounds(const NestedRounds&) = delete;
  NestedRounds& operator=(const NestedRounds&) = delete;

  [[nodiscard]] const Plan& plan() const { return plan_; }
  [[nodiscard]] Inputs inputs() const { return Inputs().set(in_, 0); }
  /// Its result is the number of calls.
  [[nodiscard]] const Task<int>& last() const { return out_; }
  /// The paths of all calls, in their order.
  [[nodiscard]] const std::vector<std::string>& expected() const { return expected_; }
  /// Those of the run.
  [[nodiscard]] const std::vector<std::string>& called() const { return called_; }
  /// How long all calls parked, together.
  [[nodiscard]] Duration parked() const { return parked_; }

 private:
  using List = std::function<void(const std::string& path, std::vector<std::string>& calls)>;
  /// A plan that counts up once for each call.
  struct Level {
    Plan plan;
    Input<int> in;
    Task<int> out;
    List list;
  };

  std::uint64_t below(std::uint64_t end) { return random_() % end; }

  int call(Context& context, int count, Duration time) {
    called_.push_back(context.path());
    parked_ += time;
    context.park_for(time);
    return count + 1;
  }

  Level draw(int depth) {
    Workflow flow{"level " + std::to_string(depth)};
    Level level;
    level.in = flow.input<int>("in");
    level.out = level.in;
    std::vector<List> lists;
    const std::uint64_t length = 1 + below(3);
    for (std::uint64_t at = 0; at < length; ++at) {
      lists.push_back(add(flow, "t" + std::to_string(at), level.out, depth));
    }
    level.plan = flow.build();
    level.list = [lists](const std::string& path, std::vector<std::string>& calls) {
      for (const List& list : lists) list(path, calls);
    };
    return level;
  }

  /// Adds one of the four kinds of tasks behind `last`, and makes that the new one.
  List add(Workflow& flow, const std::string& name, Task<int>& last, int depth) {
    const std::uint64_t rounds = 1 + below(4);
    const auto longest = static_cast<std::uint64_t>(longest_.count());
    const Duration time{longest == 0 ? 0 : static_cast<Duration::rep>(below(longest))};
    const auto leaf = [this, time](Context& context, int count) { return call(context, count, time); };
    const auto ended = [rounds, asked = std::make_shared<std::uint64_t>(0)](int) { return ++*asked % rounds == 0; };
    const LoopOptions options{.limit = rounds};
    switch (depth == 0 ? below(2) : below(4)) {
      case 0:
        last = flow.task(name, leaf, last);
        return [name](const std::string& path, auto& calls) { calls.push_back(path + name); };
      case 1:
        last = flow.loop(name, last, leaf, ended, options);
        return [name, rounds](const std::string& path, auto& calls) {
          for (std::uint64_t i = 0; i < rounds; ++i) calls.push_back(path + name + "[" + std::to_string(i) + "]");
        };
      case 2: {
        const Level child = draw(depth - 1);
        last = flow.subworkflow(name, child.plan, child.out, bind(child.in, last));
        return [name, list = child.list](const std::string& path, auto& calls) { list(path + name + "/", calls); };
      }
      default: {
        const Level child = draw(depth - 1);
        last = flow.loop(name, last, child.plan, child.in, child.out, ended, options);
        return [name, rounds, list = child.list](const std::string& path, auto& calls) {
          for (std::uint64_t i = 0; i < rounds; ++i) list(path + name + "[" + std::to_string(i) + "]/", calls);
        };
      }
    }
  }

  std::mt19937_64 random_;
  Duration longest_;
  Plan plan_;
  Input<int> in_;
  Task<int> out_;
  std::vector<std::string> expected_;
  std::vector<std::string> called_;
  Duration parked_{};
};

}  // namespace baton::test
