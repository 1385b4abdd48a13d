// SPDX-License-Identifier: MIT
#include "graph/checks.hpp"

#include "graph/definition.hpp"

#include <algorithm>
#include <string_view>
#include <unordered_map>
#include <unordered_set>

namespace baton::detail {
namespace {

/// Each check appends to faults_.
class Checks {
 public:
  explicit Checks(const Definition& definition)
      : definition_(definition), count_(static_cast<std::uint32_t>(definition.tasks.size())) {}

  std::vector<std::string> run() {
    for (const DefinitionFault& fault : definition_.faults) faults_.push_back(fault.text);
    if (!definition_.names.empty()) check_names();
    if (!definition_.wires.empty()) check_wiring();
    if (!definition_.children.empty()) check_children();
    if (!definition_.controls.empty()) check_rules();
    if (definition_.has_contests) check_contests();
    return std::move(faults_);
  }

 private:
  void check_names();
  void check_wiring();
  void check_untyped(std::uint32_t task);
  void check_taken(std::uint32_t task, const std::vector<std::uint32_t>& uses);
  void check_contests();
  void check_children();
  void check_rules();
  void check_rule(std::uint32_t task, const Control& control);

  const Definition& definition_;
  const std::uint32_t count_;
  std::vector<std::string> faults_;
};

void Checks::check_names() {
  std::unordered_set<std::uint32_t> named_by_us{definition_.cleanup.end_of_work};
  for (const auto& [task, compensation] : definition_.cleanup.compensations) named_by_us.insert(compensation);
  std::unordered_map<std::string_view, std::uint32_t> seen;
  seen.reserve(definition_.names.size());
  for (std::uint32_t task = 0; task < count_; ++task) {
    const TaskDraft& draft = definition_.tasks[task];
    if (draft.type == nullptr || draft.name == 0) continue;
    const std::string& name = definition_.names[draft.name - 1];
    if (name.empty()) {
      faults_.push_back("task #" + std::to_string(task) +
                        " has an empty name; leave the name out for a task without one");
    } else if (name.find_first_of("/[]") != std::string::npos && !named_by_us.contains(task)) {
      faults_.push_back("task '" + name + "': names may not contain '/', '[' or ']', which derived names use");
    }
    const auto [first, fresh] = seen.emplace(name, task);
    if (!fresh && !name.empty()) {
      faults_.push_back("two tasks are called '" + name + "': #" + std::to_string(first->second) + " and #" +
                        std::to_string(task));
    }
  }
}

void Checks::check_wiring() {
  std::vector<std::uint32_t> uses(count_, 0);
  for (std::uint32_t task = 0; task < count_; ++task) {
    if (!definition_.is_live(task)) continue;
    definition_.for_each_wire(task, [&](std::uint32_t producer, bool, Use) {
      ++uses[producer];
      if (!definition_.is_live(producer)) {
        faults_.push_back("task " + definition_.label(task) + " uses the result of task " +
                          definition_.label(producer) + ", which has been removed; replace the body of " +
                          definition_.label(task) + " or remove it too");
      }
    });
    if (definition_.tasks[task].type->untyped && !definition_.has_wiring_fault(task)) check_untyped(task);
  }
  for (std::uint32_t task = 0; task < count_; ++task) {
    if (definition_.is_live(task)) check_taken(task, uses);
  }
}

void Checks::check_untyped(std::uint32_t task) {
  const BodyType& type = *definition_.tasks[task].type;
  std::size_t argument = 0;
  Definition::for_each_producer(definition_.wires_of(task), [&](std::uint32_t producer, bool, Use) {
    const std::size_t position = argument++;
    if (position >= type.parameters.size() || !definition_.is_live(producer)) return;
    const TypeRef given = definition_.tasks[producer].type->result;
    if (!same_type(given, type.parameters[position])) {
      faults_.push_back("task " + definition_.label(task) + ", argument " + std::to_string(position + 1) + ": task " +
                        definition_.label(producer) + " returns " + readable_name(*given->id) +
                        ", but the parameter is " + readable_name(*type.parameters[position]->id));
    }
  });
  if (argument != type.parameters.size()) {
    faults_.push_back("task " + definition_.label(task) + " is given " + std::to_string(argument) +
                      " arguments, but has " + std::to_string(type.parameters.size()) + " parameters");
  }
}

// A contender is counted once, by its contest.
void Checks::check_contests() {
  std::unordered_map<std::uint64_t, bool> contender_of;  // by task and contender: whether an edge leads there too
  for (std::uint32_t task = 0; task < count_; ++task) {
    if (!definition_.is_live(task)) continue;
    std::unordered_map<std::uint32_t, std::uint32_t> uses;
    std::vector<std::uint32_t> contenders;
    definition_.for_each_wire(task, [&](std::uint32_t producer, bool, Use use) {
      ++uses[producer];
      if (use == wants_first) contenders.push_back(producer);
    });
    for (const std::uint32_t contender : contenders) {
      const bool is_new = contender_of.emplace(std::uint64_t{contender} << 32 | task, false).second;
      if (!is_new || uses[contender] == 1) continue;
      faults_.push_back("task " + definition_.label(task) + " is given task " + definition_.label(contender) +
                        " by first(...) and once more; name it once");
    }
    const auto control = definition_.controls.find(task);
    if (!contenders.empty() && control != definition_.controls.end() && !control->second.rule.empty()) {
      faults_.push_back("task " + definition_.label(task) +
                        " is given first(...) and has a rule (depends); put the rule on a task after it");
    }
  }
  definition_.edges.for_each([&](std::uint32_t from, std::uint32_t to, bool removed) {
    if (const auto found = contender_of.find(std::uint64_t{from} << 32 | to); found != contender_of.end()) {
      found->second = !removed;
    }
  });
  for (const auto& [pair, ordered] : contender_of) {
    if (!ordered) continue;
    faults_.push_back("task " + definition_.label(static_cast<std::uint32_t>(pair)) + " comes after task " +
                      definition_.label(static_cast<std::uint32_t>(pair >> 32)) +
                      ", which is a contender of its first(...); drop the edge, or pass the plain handle");
  }
}

// A task that held what a task of its child run asks for would wait for itself.
void Checks::check_children() {
  for (std::uint32_t task = 0; task < count_; ++task) {
    const auto child = definition_.children.find(task);
    const auto settings = definition_.settings.find(task);
    if (child == definition_.children.end() || settings == definition_.settings.end()) continue;
    const std::vector<std::string>& wanted = child->second.data().resource_names;
    for (const ResourceRequest& held : settings->second.resources) {
      if (!std::binary_search(wanted.begin(), wanted.end(), held.name)) continue;
      faults_.push_back("task " + definition_.label(task) + " would hold resource '" + held.name +
                        "' while tasks of its plan '" + std::string(child->second.name()) +
                        "' wait for it; let only those ask for it");
    }
  }
}

void Checks::check_rules() {
  for (std::uint32_t task = 0; task < count_; ++task) {
    const auto control = definition_.controls.find(task);
    if (control != definition_.controls.end()) check_rule(task, control->second);
  }
}

void Checks::check_rule(std::uint32_t task, const Control& control) {
  for (const CompiledStep& step : control.rule) {
    if (step.op != RuleStep::Op::outcome || definition_.is_live(step.operand)) continue;
    faults_.push_back("the rule of task " + definition_.label(task) + " asks about task " +
                      definition_.label(step.operand) + ", which has been removed; remove " + definition_.label(task) +
                      " too, or declare it anew");
  }
}

void Checks::check_taken(std::uint32_t task, const std::vector<std::uint32_t>& uses) {
  definition_.for_each_wire(task, [&](std::uint32_t producer, bool taken, Use) {
    if (!taken) return;
    const auto settings = definition_.settings.find(task);
    if (settings != definition_.settings.end() && settings->second.retry && settings->second.retry->attempts > 1) {
      faults_.push_back(
          "task " + definition_.label(task) + " takes the result of task " + definition_.label(producer) +
          ", so its second attempt would find nothing; pass the handle without take(), or drop the retry");
    }
    if (uses[producer] > 1) {
      faults_.push_back("task " + definition_.label(task) + " takes the result of task " + definition_.label(producer) +
                        ", which is used " + std::to_string(uses[producer]) + " times; pass the handle without take()");
    }
  });
}

}  // namespace

std::vector<std::string> check_definition(const Definition& definition) { return Checks(definition).run(); }

}  // namespace baton::detail
