// SPDX-License-Identifier: MIT
#include "observe/trace_entries.hpp"

#include "observe/json_text.hpp"

namespace baton::detail {
namespace {

std::string number_of(Lane lane) { return std::to_string(static_cast<std::uint32_t>(lane)); }

std::string place(std::uint64_t run, Lane lane) {
  return R"("pid":)" + std::to_string(run) + R"(,"tid":)" + number_of(lane);
}

std::string place(const TracePoint& point) {
  return place(point.run, point.lane) + R"(,"ts":)" + json_microseconds(point.time);
}

std::string args_of(std::uint64_t run, const std::string& args) {
  return R"(,"args":{"run":)" + std::to_string(run) + args + "}}";
}

std::string metadata(std::string_view what, std::uint64_t run, Lane lane, const std::string& args) {
  return R"({"name":")" + std::string(what) + R"(","ph":"M",)" + place(run, lane) + R"(,"args":{)" + args + "}}";
}

}  // namespace

std::string trace_process(std::uint64_t run, std::string_view name) {
  return metadata("process_name", run, run_lane, R"("name":)" + quote_json(name));
}

std::string trace_lane(std::uint64_t run, Lane lane, std::string_view name) {
  return metadata("thread_name", run, lane, R"("name":)" + quote_json(name)) + ",\n" +
         metadata("thread_sort_index", run, lane, R"("sort_index":)" + number_of(lane));
}

std::string trace_interval(const TracePoint& from, Duration to, std::string_view name, std::string_view category,
                           const std::string& args) {
  return R"({"name":)" + quote_json(name) + R"(,"cat":")" + std::string(category) + R"(","ph":"X",)" + place(from) +
         R"(,"dur":)" + json_microseconds(to - from.time) + args_of(from.run, args);
}

std::string trace_wait(const TracePoint& from, Duration to, std::string_view name, std::uint64_t id,
                       const std::string& args) {
  const std::string front = R"({"name":)" + quote_json(name) + R"(,"cat":"waiting","id":)" + std::to_string(id);
  const TracePoint end{from.run, from.lane, to};
  return front + R"(,"ph":"b",)" + place(from) + args_of(from.run, args) + ",\n" + front + R"(,"ph":"e",)" +
         place(end) + "}";
}

std::string trace_arrow(const TracePoint& from, const TracePoint& to, std::uint64_t id) {
  const std::string front = R"({"name":"then","cat":"dependency","id":)" + std::to_string(id);
  return front + R"(,"ph":"s",)" + place(from) + "},\n" + front + R"(,"ph":"f","bp":"e",)" + place(to) + "}";
}

}  // namespace baton::detail
