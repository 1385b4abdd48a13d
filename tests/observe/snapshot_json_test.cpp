// SPDX-License-Identifier: MIT
#include <baton/observe/snapshot_json.hpp>

#include "observe/virtual_run.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <fstream>
#include <stdexcept>
#include <string>
#include <utility>

namespace {

using namespace baton;
using namespace baton::test;
using nlohmann::json;

/// The part of JSON Schema that docs/reference/snapshot.schema.json uses.
class Schema {
 public:
  explicit Schema(json root) : root_(std::move(root)) {}

  /// What is wrong with `value` as one of `definition`; empty when nothing is.
  [[nodiscard]] std::string fault(const json& value, const std::string& definition) const {
    return fault(value, root_.at("$defs").at(definition), definition);
  }

 private:
  [[nodiscard]] std::string fault(const json& value, const json& rule, const std::string& where) const {
    if (rule.contains("$ref")) {
      const auto name = rule.at("$ref").get<std::string>();
      return fault(value, root_.at("$defs").at(name.substr(name.rfind('/') + 1)), where);
    }
    if (rule.contains("type") && !has_type(value, rule.at("type"))) return where + ": is no " + rule.at("type").dump();
    if (rule.contains("enum") && std::ranges::find(rule.at("enum"), value) == rule.at("enum").end()) {
      return where + ": is none of " + rule.at("enum").dump();
    }
    if (rule.contains("minimum") && value < rule.at("minimum")) return where + ": is too small";
    if (value.is_array()) return fault_of_items(value, rule.at("items"), where);
    return value.is_object() ? fault_of_members(value, rule, where) : std::string();
  }

  static bool has_type(const json& value, const json& type) {
    if (type.is_array()) return std::ranges::any_of(type, [&](const json& each) { return has_type(value, each); });
    if (type == "integer") return value.is_number_integer();
    if (type == "number") return value.is_number();
    return type == value.type_name();
  }

  [[nodiscard]] std::string fault_of_items(const json& value, const json& rule, const std::string& where) const {
    for (std::size_t at = 0; at < value.size(); ++at) {
      if (auto found = fault(value[at], rule, where + "[" + std::to_string(at) + "]"); !found.empty()) return found;
    }
    return {};
  }

  [[nodiscard]] std::string fault_of_members(const json& value, const json& rule, const std::string& where) const {
    for (const auto& name : rule.at("required")) {
      if (!value.contains(name)) return where + ": lacks " + name.dump();
    }
    for (const auto& [name, member] : value.items()) {
      const bool known = rule.contains("properties") && rule.at("properties").contains(name);
      const json& member_rule = known ? rule.at("properties").at(name) : rule.at("additionalProperties");
      if (member_rule.is_boolean()) return where + ": has an unknown '" + name + "'";
      if (auto found = fault(member, member_rule, where + "." + name); !found.empty()) return found;
    }
    return {};
  }

  json root_;
};

const Schema& schema() {
  static const Schema schema = [] {
    std::ifstream file(BATON_SNAPSHOT_SCHEMA);
    return Schema(json::parse(file));
  }();
  return schema;
}

/// `load` parks, `clean` fails, `store` is omitted.
struct Example : VirtualRun {
  Workflow flow{"nightly"};
  Task<void> load = flow.task("load", parking(2s)).expected_duration(3s);
  Task<void> clean = flow.task("clean", [] { throw std::runtime_error("no \"space\"\n"); }).after(load);
  Task<void> store = flow.task("store", [] {}).after(clean);
  baton::Run run = scheduler.start(flow.build(), [] {
    StartOptions options;
    options.record = true;
    return options;
  }());
};

TEST(SnapshotJson, IsWhatTheSnapshotSays) {
  Example example;
  example.executor.run_until_idle();
  const std::string worker = std::to_string(own_worker());
  const std::string run = std::to_string(example.run.id());
  EXPECT_EQ(
      to_json(example.run.snapshot()),
      R"({"format":1,"run":)" + run +
          R"(,"workflow":"nightly","version":11,"state":"failed","paused":false,)"
          R"("taken_ns":2000000000,"ended_ns":2000000000,)"
          R"("counts":{"pending":0,"waiting":0,"ready":0,"running":0,"succeeded":1,"failed":1,"skipped":0,"omitted":1,)"
          R"("cancelled":0},"critical_path":{"length_ns":2000000000,"tasks":[0,1,2]},"tasks":[)"
          R"({"id":0,"name":"load","state":"succeeded","attempt":1,"worker":)" +
          worker +
          R"(,"ready_ns":0,"started_ns":0,"parked_ns":0,"ended_ns":2000000000,"expected_ns":3000000000,"successors":[1]},)"
          R"({"id":1,"name":"clean","state":"failed","attempt":1,"worker":)" +
          worker +
          R"(,"ready_ns":2000000000,"started_ns":2000000000,"ended_ns":2000000000,"successors":[2]},)"
          R"({"id":2,"name":"store","state":"omitted","ended_ns":2000000000,"successors":[]}],)"
          R"("errors":[{"task":1,"message":"no \"space\"\n"}]})");
}

TEST(SnapshotJson, KeepsToItsSchemaAtEachStep) {
  Example example;
  Snapshot snapshot = example.run.snapshot();
  EXPECT_EQ(schema().fault(json::parse(to_json(snapshot)), "snapshot"), "");
  bool waited = false;
  while (!example.run.ended()) {
    example.executor.run_one();
    const SnapshotChanges changes = example.run.changes(snapshot.version);
    const json shown = json::parse(to_json(changes));
    EXPECT_EQ(schema().fault(shown, "changes"), "");
    for (const json& task : shown.at("tasks")) waited |= task.value("waits_for", "") == "timer";
    snapshot.apply(changes);
    EXPECT_EQ(schema().fault(json::parse(to_json(snapshot)), "snapshot"), "");
  }
  EXPECT_TRUE(waited) << "nothing of this was seen to wait";
}

TEST(SnapshotJson, HasPlacesWhereALayoutIsGiven) {
  Example example;
  const Snapshot snapshot = example.run.snapshot();
  const PlanLayout layout = lay_out(snapshot.plan);
  const json shown = json::parse(to_json(snapshot, layout));
  EXPECT_EQ(schema().fault(shown, "snapshot"), "");
  EXPECT_EQ(shown.at("size").at("height"), layout.height);
  for (std::size_t task = 0; task < 3; ++task) EXPECT_EQ(shown.at("tasks").at(task).at("y"), layout.tasks[task].y);
  EXPECT_THROW(static_cast<void>(to_json(snapshot, lay_out(Plan{}))), UsageError);
}

TEST(SnapshotJson, TheSchemaFindsFaults) {
  Example example;
  const json good = json::parse(to_json(example.run.snapshot()));
  json bad = good;
  bad.erase("version");
  EXPECT_EQ(schema().fault(bad, "snapshot"), R"(snapshot: lacks "version")");
  bad = good;
  bad["tasks"][1]["state"] = "asleep";
  EXPECT_NE(schema().fault(bad, "snapshot").find("snapshot.tasks[1].state: is none of"), std::string::npos);
  bad = good;
  bad["tasks"][1]["colour"] = "red";
  EXPECT_EQ(schema().fault(bad, "snapshot"), "snapshot.tasks[1]: has an unknown 'colour'");
  bad = good;
  bad["run"] = "7";
  EXPECT_EQ(schema().fault(bad, "snapshot"), R"(snapshot.run: is no "integer")");
}

TEST(SnapshotJson, NamesMayHoldAnything) {
  VirtualRun virtual_run;
  Workflow flow("\xff\"</script>");
  flow.task("quote \" backslash \\ and \x01 \xE2\x80\xAE \xC3", [] {});
  const auto run = virtual_run.scheduler.start(flow.build());
  const json shown = json::parse(to_json(run.snapshot()));
  EXPECT_EQ(schema().fault(shown, "snapshot"), "");
  EXPECT_EQ(shown.at("workflow"), "\uFFFD\"</script>");
  EXPECT_EQ(shown.at("tasks").at(0).at("name"), "quote \" backslash \\ and \x01 \xE2\x80\xAE \uFFFD");
}

TEST(SnapshotJson, OfNoTasksAndOfMany) {
  VirtualRun virtual_run;
  const auto none = virtual_run.scheduler.start(Plan{});
  EXPECT_EQ(schema().fault(json::parse(to_json(none.snapshot())), "snapshot"), "");
  const auto many = virtual_run.scheduler.start(plan_of(50'000));
  EXPECT_EQ(json::parse(to_json(many.snapshot())).at("tasks").size(), 50'000U);
}

}  // namespace
