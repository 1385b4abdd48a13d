// SPDX-License-Identifier: MIT
#include "observe/progress_text.hpp"

#include "observe/display_width.hpp"

#include <baton/observe/text.hpp>

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <string_view>

namespace baton::detail {
namespace {

using namespace std::chrono_literals;

std::string in_tenths(double value) {
  const auto tenths = std::llround(value * 10);
  return std::to_string(tenths / 10) + "." + std::to_string(tenths % 10);
}

/// A minute or more: `3 min 05 s`, `2 h 07 min`, `3 d 04 h`.
std::string format_long(std::chrono::seconds time) {
  const auto pair = [](std::int64_t large, std::string_view unit, std::int64_t small, std::string_view small_unit) {
    std::string text = std::to_string(large);
    text.append(unit).append(small < 10 ? "0" : "").append(std::to_string(small)).append(small_unit);
    return text;
  };
  const std::int64_t seconds = time.count();
  if (seconds < 3600) return pair(seconds / 60, " min ", seconds % 60, " s");
  if (seconds < 86400) return pair(seconds / 3600, " h ", seconds / 60 % 60, " min");
  return pair(seconds / 86400, " d ", seconds / 3600 % 24, " h");
}

/// A time that stays as it is written.
std::string format_final(Duration time) {
  return time < 1min ? format_duration(time) : format_long(std::chrono::floor<std::chrono::seconds>(time));
}

/// A time that will be another one in the next drawing: with as many digits each time.
std::string format_moving(Duration time) {
  // What is almost a minute would be rounded to one.
  if (time >= 59950ms) return format_long(std::chrono::floor<std::chrono::seconds>(std::max<Duration>(time, 1min)));
  return in_tenths(std::max(0.0, std::chrono::duration<double>(time).count())) + " s";
}

/// A guess.
std::string format_left(Duration time) {
  const auto seconds = std::max<std::chrono::seconds>(std::chrono::ceil<std::chrono::seconds>(time), 1s);
  return (seconds < 1min ? std::to_string(seconds.count()) + " s" : format_long(seconds)) + " left";
}

/// `410/s`; empty where there is nothing to tell from.
std::string format_rate(const ProgressFigures& figures) {
  if (figures.ended == 0 || figures.time <= Duration::zero()) return {};
  const double rate = static_cast<double>(figures.ended) / std::chrono::duration<double>(figures.time).count();
  return (rate >= 10 ? std::to_string(std::llround(rate)) : in_tenths(rate)) + "/s";
}

/// How many of `full` parts are done. Tasks of a run whose start was missed count as ended, not as a part of the total.
std::uint64_t scaled(const ProgressFigures& figures, std::uint64_t full) {
  if (figures.ended >= figures.total) return full;
  // In floating point, as the product of two large numbers may not fit.
  return static_cast<std::uint64_t>(static_cast<double>(figures.ended) / static_cast<double>(figures.total) *
                                    static_cast<double>(full));
}

std::string draw_bar(const ProgressFigures& figures, std::size_t width, bool unicode) {
  constexpr std::array<std::string_view, 8> parts{"",       "\u258F", "\u258E", "\u258D",
                                                  "\u258C", "\u258B", "\u258A", "\u2589"};
  constexpr std::string_view full = "\u2588";
  std::string bar = "[";
  if (!unicode) {
    const std::size_t filled = scaled(figures, width);
    return bar.append(filled, '#').append(width - filled, '.').append("] ");
  }
  const std::size_t eighths = scaled(figures, width * parts.size());
  for (std::size_t i = 0; i < eighths / 8; ++i) bar += full;
  bar += parts[eighths % 8];
  return bar.append(width - (eighths + 7) / 8, ' ').append("] ");
}

/// The bar and its figures. Where there is no room for all of them, some are left out, what matters least first.
std::string draw_head(const ProgressFigures& figures, std::size_t columns, bool unicode) {
  struct Part {
    std::string text;
    int rank;  // what has the highest goes first; 0 stays
  };
  const auto number = [](std::uint64_t count, std::string_view what) {
    return count == 0 ? std::string{} : ", " + std::to_string(count).append(what);
  };
  const std::string rate = format_rate(figures);
  std::array<Part, 9> parts{{
      {draw_bar(figures, columns < 100 ? 16 : 32, unicode), 5},
      {std::to_string(scaled(figures, 100)) + " % ", 1},
      {std::to_string(figures.ended) + '/' + std::to_string(figures.total), 0},
      {figures.is_paused ? ", paused" : "", 1},
      {number(figures.running, " running"), 6},
      {number(figures.failed, " failed"), 2},
      {", " + (figures.is_last ? format_final(figures.time) : format_moving(figures.time)), 4},
      {rate.empty() ? rate : ", " + rate, 7},
      {figures.left ? ", " + format_left(*figures.left) : std::string{}, 3},
  }};
  const auto join = [&](int highest) {
    std::string line;
    for (const Part& part : parts) line += part.rank <= highest ? part.text : std::string{};
    return line;
  };
  for (int highest = 7; highest > 0; --highest) {
    if (std::string line = join(highest); display_width(line) <= columns) return line;
  }
  return fit(join(0), columns, unicode);
}

std::string draw_task(const ProgressFigures::Task& task, std::size_t columns, bool unicode) {
  constexpr std::size_t time_width = 12;
  std::string time = format_moving(task.time);
  // Where it is narrow, the name alone.
  if (columns < 2 * time_width) return fit(task.name, columns, unicode);
  if (time.size() < time_width) time.insert(0, time_width - time.size(), ' ');
  const std::size_t used = time.size() + 2;
  return time + "  " + fit(task.name, columns - std::min(columns, used), unicode);
}

}  // namespace

std::string draw_line(const ProgressFigures& figures) {
  std::string text = one_line(figures.name);
  if (!text.empty()) text += ": ";
  text += std::to_string(figures.ended) + " of " + std::to_string(figures.total);
  text += figures.total == 1 ? " task ended" : " tasks ended";
  if (figures.is_paused) text += ", paused";
  if (figures.running > 0) text += ", " + std::to_string(figures.running) + " running";
  if (figures.failed > 0) text += ", " + std::to_string(figures.failed) + " failed";
  text += ", " + format_final(figures.time);
  if (const std::string rate = format_rate(figures); !rate.empty()) text += ", " + rate;
  if (figures.left) text += ", " + format_left(*figures.left);
  return text;
}

std::vector<std::string> draw_block(const ProgressFigures& figures, TerminalSize size, bool unicode) {
  const std::size_t columns = std::max<std::size_t>(size.columns, 1) - 1;
  std::vector<std::string> lines;
  lines.reserve(1 + most_task_lines);
  lines.push_back(draw_head(figures, columns, unicode));
  const std::size_t room = std::min(most_task_lines, size.rows > 2 ? size.rows - 2 : 0);
  if (figures.is_last || room == 0 || figures.tasks.empty()) return lines;
  // The last line tells how many there are besides, unless they all have one or it would be the only one.
  const bool has_more = figures.running > std::min<std::uint64_t>(room, figures.tasks.size());
  const std::size_t shown = std::min(figures.tasks.size(), has_more && room > 1 ? room - 1 : room);
  for (std::size_t i = 0; i < shown; ++i) lines.push_back(draw_task(figures.tasks[i], columns, unicode));
  if (has_more && room > 1) {
    const std::string more = "and " + std::to_string(figures.running - shown) + " more";
    lines.push_back(columns < 24 ? fit(more, columns, unicode) : std::string(14, ' ') + more);
  }
  return lines;
}

}  // namespace baton::detail
