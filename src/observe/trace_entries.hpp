// SPDX-License-Identifier: MIT
#pragma once

#include <baton/base/time.hpp>

#include <cstdint>
#include <string>
#include <string_view>

namespace baton::detail {

/// The lanes of a run: 0 is the run itself, then workers, then parked tasks.
enum class Lane : std::uint32_t {};
inline constexpr Lane run_lane{0};
constexpr Lane worker_lane(std::uint32_t worker) noexcept { return Lane{1 + worker}; }
constexpr Lane parked_lane(std::uint32_t number) noexcept { return Lane{1'000'001 + number}; }  // behind any workers

/// A place and a time in a trace.
struct TracePoint {
  std::uint64_t run;
  Lane lane;
  Duration time;  ///< Since the beginning of the trace.
};

// Entries of a trace: objects of JSON, without what stands between them. `args` are the members of an object, beginning
// with a comma unless empty.

/// Says what a run is called.
std::string trace_process(std::uint64_t run, std::string_view name);
/// Says what a lane is called, and where it stands.
std::string trace_lane(std::uint64_t run, Lane lane, std::string_view name);
/// An interval of a lane.
std::string trace_interval(const TracePoint& from, Duration to, std::string_view name, std::string_view category,
                           const std::string& args);
/// Two entries: an interval that is in no lane, in the row `id`.
std::string trace_wait(const TracePoint& from, Duration to, std::string_view name, std::uint64_t id,
                       const std::string& args);
/// Two entries: an arrow between the intervals that enclose its ends.
std::string trace_arrow(const TracePoint& from, const TracePoint& to, std::uint64_t id);

}  // namespace baton::detail
