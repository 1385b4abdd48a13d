// SPDX-License-Identifier: MIT
#include "wfformat.hpp"

#include <baton/base/error.hpp>
#include <baton/observe/text.hpp>

#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <numeric>
#include <optional>
#include <system_error>
#include <unordered_map>
#include <unordered_set>

namespace replay {
namespace {

using baton::DefinitionError;
using baton::Duration;
using nlohmann::json;

constexpr std::size_t max_file_bytes = std::size_t{1} << 30;
constexpr std::size_t max_depth = 128;  // json itself would go on until the stack or the memory ends
constexpr std::size_t max_faults = 50;
constexpr double max_seconds = 9e9;  // 285 years; a Duration ends at 292

std::string quote(std::string_view text) {
  std::string quoted = "'";
  return quoted.append(baton::one_line(text)).append("'");
}

[[noreturn]] void refuse(const std::string& path, const std::string& fault) {
  throw DefinitionError(baton::one_line(path), {fault});
}

std::string read_text(const std::string& path) {
  std::error_code error;
  if (std::filesystem::is_directory(path, error)) refuse(path, "is a folder; give a workflow file in it");
  errno = 0;
  std::ifstream file(path, std::ios::binary);
  if (!file) refuse(path, "cannot be opened: " + std::generic_category().message(errno));
  std::string text;
  std::array<char, 65536> chunk{};
  while (file.read(chunk.data(), chunk.size()), file.gcount() > 0) {
    text.append(chunk.data(), static_cast<std::size_t>(file.gcount()));
    if (text.size() > max_file_bytes) refuse(path, "is larger than 1 GiB, which no workflow file should be");
  }
  if (file.bad()) refuse(path, "cannot be read: " + std::generic_category().message(errno));
  if (text.empty()) refuse(path, "is empty; a workflow in WfFormat 1.5 is a JSON object");
  return text;
}

/// `3:14`, the line and column of the character at `offset`.
std::string line_and_column(std::string_view text, std::size_t offset) {
  const std::string_view before = text.substr(0, std::min(offset, text.size()));
  const auto line = 1 + std::count(before.begin(), before.end(), '\n');
  const std::size_t break_at = before.rfind('\n');
  const std::size_t column = break_at == std::string_view::npos ? before.size() + 1 : before.size() - break_at;
  return std::to_string(line) + ":" + std::to_string(column);
}

/// Looks for what json's own parser lets pass: nesting without end, and keys that occur twice, of which it keeps the
/// last. It also takes a callback for that, but is then quadratic in the length of an array.
class Checker final : public nlohmann::json_sax<json> {
 public:
  /// What is wrong; empty when nothing is, or when it is no JSON.
  [[nodiscard]] const std::string& fault() const { return fault_; }

  bool start_object(std::size_t) override {
    keys_.emplace_back();
    return descend();
  }
  bool key(std::string& name) override {
    if (!keys_.back().insert(name).second) fault_ = "the key " + quote(name) + " occurs twice in one object";
    return fault_.empty();
  }
  bool end_object() override {
    keys_.pop_back();
    return ascend();
  }
  bool start_array(std::size_t) override { return descend(); }
  bool end_array() override { return ascend(); }
  bool null() override { return true; }
  bool boolean(bool) override { return true; }
  bool number_integer(std::int64_t) override { return true; }
  bool number_unsigned(std::uint64_t) override { return true; }
  bool number_float(double, const std::string&) override { return true; }
  bool string(std::string&) override { return true; }
  bool binary(json::binary_t&) override { return true; }
  bool parse_error(std::size_t, const std::string&, const json::exception&) override { return false; }

 private:
  bool descend() {
    if (++depth_ > max_depth) fault_ = "is nested more than " + std::to_string(max_depth) + " deep";
    return fault_.empty();
  }
  bool ascend() {
    --depth_;
    return true;
  }

  std::size_t depth_ = 0;
  std::vector<std::unordered_set<std::string>> keys_;
  std::string fault_;
};

json parse(const std::string& path, const std::string& text) {
  Checker checker;
  json::sax_parse(text, &checker);
  if (!checker.fault().empty()) refuse(path, checker.fault());
  try {
    return json::parse(text);
  } catch (const json::parse_error& error) {
    // json's own prefix tells the position a second time.
    std::string cause = error.what();
    if (const std::size_t at = cause.find(": "); at != std::string::npos) cause.erase(0, at + 2);
    const std::size_t offset = error.byte == 0 ? 0 : error.byte - 1;
    throw DefinitionError(baton::one_line(path) + ":" + line_and_column(text, offset),
                          {"not valid JSON: " + baton::one_line(cause)});
  } catch (const json::exception& error) {  // a number too large for a double
    std::string cause = error.what();
    if (const std::size_t at = cause.find("] "); at != std::string::npos) cause.erase(0, at + 2);
    refuse(path, "not usable: " + baton::one_line(cause));
  }
}

/// How many letters to change, add or drop to make `b` of `a`.
std::size_t distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 0; i < a.size(); ++i) {
    std::size_t diagonal = std::exchange(row[0], i + 1);
    for (std::size_t j = 0; j < b.size(); ++j) {
      const std::size_t replaced = diagonal + (a[i] == b[j] ? 0 : 1);
      diagonal = row[j + 1];
      row[j + 1] = std::min({replaced, diagonal + 1, row[j] + 1});
    }
  }
  return row.back();
}

/// `; did you mean 'x'?`, if there is an id like `id`.
std::string suggest(const std::vector<RecordedTask>& tasks, std::string_view id) {
  std::size_t nearest = 3;
  std::string text;
  for (const RecordedTask& task : tasks) {
    const std::size_t difference = std::max(task.id.size(), id.size()) - std::min(task.id.size(), id.size());
    if (difference >= nearest) continue;
    if (const std::size_t found = distance(task.id, id); found < nearest) {
      nearest = found;
      text = "; did you mean " + quote(task.id) + "?";
    }
  }
  return text;
}

/// Turns the document into a workflow and gathers what is wrong with it.
class Loader {
 public:
  explicit Loader(std::string path) : path_(baton::one_line(path)) {}

  RecordedWorkflow load(const json& document) {
    if (!document.is_object()) fail("a workflow in WfFormat 1.5 is a JSON object, this is " + type_of(document));
    check_version(document);
    if (const json* name = find(document, "name")) load_name(*name);
    const json& workflow = require(document, "workflow", json::value_t::object, "workflow");
    const json& specification = require(workflow, "specification", json::value_t::object, "workflow.specification");
    const json& tasks = require(specification, "tasks", json::value_t::array, "workflow.specification.tasks");
    load_tasks(tasks);
    if (faults_.empty()) load_edges(tasks);
    if (const json* execution = find(workflow, "execution")) load_execution(*execution);
    if (!faults_.empty()) throw_faults();
    return std::move(result_);
  }

 private:
  static std::string type_of(const json& value) {
    const std::string name = value.type_name();
    return (name == "array" || name == "object" ? "an " : name == "null" ? "" : "a ") + name;
  }

  /// The member, or null where it is absent or null.
  static const json* find(const json& object, const char* key) {
    const auto found = object.find(key);
    return found == object.end() || found->is_null() ? nullptr : &*found;
  }

  const json& require(const json& object, const char* key, json::value_t type, const std::string& place) {
    const json* member = find(object, key);
    if (member == nullptr) fail(place + " is missing");
    if (member->type() != type) fail(place + " should be " + type_of(json(type)) + ", this is " + type_of(*member));
    return *member;
  }

  void note(const std::string& fault) {
    if (faults_.size() < max_faults) {
      faults_.push_back(fault);
    } else {
      ++more_faults_;
    }
  }
  [[noreturn]] void throw_faults() {
    if (more_faults_ > 0) faults_.push_back("and " + std::to_string(more_faults_) + " more faults");
    throw DefinitionError(path_, std::move(faults_));
  }
  [[noreturn]] void fail(const std::string& fault) {
    note(fault);
    throw_faults();
  }

  void check_version(const json& document) {
    const json* version = find(document, "schemaVersion");
    if (version == nullptr) fail("schemaVersion is missing; wanted \"1.5\" (WfFormat 1.5)");
    if (*version == "1.5") return;
    const std::string found = version->dump(-1, ' ', false, json::error_handler_t::replace);
    fail("schemaVersion: found " + baton::one_line(found) + ", wanted \"1.5\"; convert the file to WfFormat 1.5");
  }

  void load_name(const json& name) {
    if (name.is_string()) {
      result_.name = name;
    } else {
      note("name should be a string, this is " + type_of(name));
    }
  }

  /// The id in an element of a list of tasks, or nothing, which is noted.
  std::optional<std::string> load_id(const json& element, const std::string& place) {
    if (!element.is_object()) {
      note(place + " should be an object, this is " + type_of(element));
      return std::nullopt;
    }
    const json* id = find(element, "id");
    if (id == nullptr) {
      note(place + " has no id");
    } else if (!id->is_string()) {
      note(place + ".id should be a string, this is " + type_of(*id));
    } else if (id->get_ref<const std::string&>().empty()) {
      note(place + ".id is empty");
    } else {
      return id->get<std::string>();
    }
    return std::nullopt;
  }

  void load_tasks(const json& tasks) {
    for (std::size_t i = 0; i < tasks.size(); ++i) {
      auto id = load_id(tasks[i], "workflow.specification.tasks[" + std::to_string(i) + "]");
      if (!id) continue;
      if (const auto [first, is_new] = numbers_.emplace(*id, result_.tasks.size()); !is_new) {
        note("the task id " + quote(*id) + " occurs twice in workflow.specification.tasks");
        continue;
      }
      result_.tasks.push_back({std::move(*id), Duration::zero()});
    }
  }

  /// An edge may be told by its child, its parent, or both.
  void load_edges(const json& tasks) {
    for (std::size_t i = 0; i < tasks.size(); ++i) {
      each_relative(tasks[i], i, "parents", "parent",
                    [&](std::size_t parent) { result_.edges.emplace_back(parent, i); });
      each_relative(tasks[i], i, "children", "child", [&](std::size_t child) { result_.edges.emplace_back(i, child); });
    }
  }

  template <typename Use>
  void each_relative(const json& task, std::size_t number, const char* key, const char* word, Use use) {
    const json* list = find(task, key);
    if (list == nullptr) return;
    const std::string& id = result_.tasks[number].id;
    if (!list->is_array())
      return note("task " + quote(id) + ": " + key + " should be an array, this is " + type_of(*list));
    for (const json& entry : *list) {
      if (!entry.is_string()) {
        note("task " + quote(id) + ": " + key + " should hold task ids, found " + type_of(entry));
        continue;
      }
      const auto& name = entry.get_ref<const std::string&>();
      if (const auto found = numbers_.find(name); found != numbers_.end()) {
        use(found->second);
      } else {
        // Looking for similar ids among many, for each of many faults, could take long.
        note("task " + quote(id) + " names the " + word + " " + quote(name) + ", which is not a task of the file" +
             (faults_.size() < 5 ? suggest(result_.tasks, name) : ""));
      }
    }
  }

  void load_execution(const json& execution) {
    if (!execution.is_object()) return note("workflow.execution should be an object, this is " + type_of(execution));
    const json& records = require(execution, "tasks", json::value_t::array, "workflow.execution.tasks");
    result_.has_runtimes = true;
    std::vector<bool> has_runtime(result_.tasks.size(), false);
    for (std::size_t i = 0; i < records.size(); ++i) load_record(records[i], i, has_runtime);
    // Behind other faults this one may only follow from them.
    const bool is_complete = faults_.empty();
    for (std::size_t i = 0; i < result_.tasks.size(); ++i) {
      if (is_complete && !has_runtime[i]) {
        note("task " + quote(result_.tasks[i].id) +
             " has no runtime: it is not in workflow.execution.tasks; add it, or leave out workflow.execution");
      }
    }
    check_total();
  }

  void load_record(const json& record, std::size_t number, std::vector<bool>& has_runtime) {
    const auto id = load_id(record, "workflow.execution.tasks[" + std::to_string(number) + "]");
    if (!id) return;
    const auto found = numbers_.find(*id);
    if (found == numbers_.end()) {
      return note("workflow.execution.tasks names " + quote(*id) + ", which is not in workflow.specification.tasks" +
                  (faults_.size() < 5 ? suggest(result_.tasks, *id) : ""));
    }
    if (has_runtime[found->second]) return note("task " + quote(*id) + " occurs twice in workflow.execution.tasks");
    has_runtime[found->second] = true;
    const json* seconds = find(record, "runtimeInSeconds");
    if (seconds == nullptr) return note("task " + quote(*id) + ": runtimeInSeconds is missing");
    if (!seconds->is_number()) {
      return note("task " + quote(*id) + ": runtimeInSeconds should be a number, this is " + type_of(*seconds));
    }
    result_.tasks[found->second].runtime = to_duration(*id, *seconds);
  }

  Duration to_duration(const std::string& id, const json& value) {
    const double seconds = value;
    if (!(seconds >= 0 && seconds <= max_seconds)) {
      note("task " + quote(id) + ": runtimeInSeconds is " + value.dump() +
           "; it should be from 0 to 9000000000 (285 years)");
      return Duration::zero();
    }
    // In two parts, each exact: in one, times above 2^53 ns (104 days) would be rounded to more than a nanosecond.
    const double whole = std::floor(seconds);
    return std::chrono::seconds(static_cast<std::int64_t>(whole)) + Duration(std::llround((seconds - whole) * 1e9));
  }

  /// On one worker, time goes as far as all runtimes together.
  void check_total() {
    double total = 0;
    for (const RecordedTask& task : result_.tasks) total += std::chrono::duration<double>(task.runtime).count();
    if (total > max_seconds)
      note("the runtimes add up to more than 9000000000 s (285 years), which is too long to replay");
  }

  const std::string path_;
  RecordedWorkflow result_;
  std::unordered_map<std::string, std::size_t> numbers_;
  std::vector<std::string> faults_;
  std::size_t more_faults_ = 0;
};

}  // namespace

Duration RecordedWorkflow::total_runtime() const {
  Duration total{};
  for (const RecordedTask& task : tasks) total += task.runtime;
  return total;
}

RecordedWorkflow load_wfformat(const std::string& path) { return Loader(path).load(parse(path, read_text(path))); }

std::size_t find_task(const RecordedWorkflow& workflow, std::string_view id) {
  const auto has_id = [id](const RecordedTask& task) { return task.id == id; };
  const auto found = std::find_if(workflow.tasks.begin(), workflow.tasks.end(), has_id);
  if (found == workflow.tasks.end()) {
    throw DefinitionError("workflow " + quote(workflow.name),
                          {"there is no task " + quote(id) + suggest(workflow.tasks, id)});
  }
  return static_cast<std::size_t>(found - workflow.tasks.begin());
}

}  // namespace replay
