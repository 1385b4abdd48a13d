// SPDX-License-Identifier: MIT
#include "window.hpp"

#include <baton/graph/analysis.hpp>
#include <baton/observe/text.hpp>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <iostream>
#include <string_view>

#if !defined(_WIN32)
#include <sys/ioctl.h>
#include <unistd.h>
#endif

namespace window {
namespace {

using baton::TaskState;

constexpr std::size_t width = 78;
constexpr std::size_t row_count = 6;
constexpr std::size_t list_lines = 4;

char glyph(TaskState state) {
  switch (state) {
    case TaskState::pending:
      return ' ';
    case TaskState::ready:
      return 'o';
    case TaskState::waiting:
      return '~';
    case TaskState::running:
      return '>';
    case TaskState::succeeded:
      return '#';
    case TaskState::failed:
      return '!';
    default:
      return '-';  // is not to run
  }
}

/// `text` between the sides of the window.
std::string inside(std::string text) {
  text.resize(width - 4, ' ');
  return "| " + text + " |";
}

std::string border(const std::string& title) {
  std::string line = "+-" + (title.empty() ? "" : ' ' + title.substr(0, width / 2) + ' ');
  line.resize(width - 1, '-');
  return line + '+';
}

std::string number(std::size_t count, std::string_view what) {
  return count == 0 ? std::string() : ", " + std::to_string(count) + ' ' + std::string(what);
}

std::string describe(const baton::Snapshot& snapshot, const Status& status) {
  const std::size_t ended = static_cast<std::size_t>(
      std::count_if(snapshot.tasks.begin(), snapshot.tasks.end(), [](const auto& task) { return task.ended; }));
  std::string text = "frame " + std::to_string(status.frame) + ": " + std::to_string(ended) + " of " +
                     std::to_string(snapshot.tasks.size()) + " tasks ended";
  text +=
      number(snapshot.count(TaskState::failed), "failed") + number(snapshot.count(TaskState::cancelled), "cancelled");
  if (status.per_second > 0) text += ", " + std::to_string(static_cast<int>(status.per_second + 0.5)) + " fps";
  if (status.longest > baton::Duration::zero()) text += ", bodies up to " + baton::format_duration(status.longest);
  return text;
}

std::size_t terminal_columns() noexcept {
#if !defined(_WIN32)
  winsize size{};
  if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) return size.ws_col;
#endif
  return width + 1;
}

}  // namespace

Window::Window(const baton::Plan& plan) : levels_(baton::depth(plan)) {
  const std::vector<std::uint32_t> level = baton::levels(plan);
  for (std::size_t i = 0; i < level.size(); ++i) levels_[level[i]].push_back(static_cast<baton::TaskId>(i));
  // Ids are in the order of starting; the order of creation keeps in a row what belongs together.
  for (std::vector<baton::TaskId>& tasks : levels_) {
    std::sort(tasks.begin(), tasks.end(),
              [&](auto a, auto b) { return plan.creation_index(a) < plan.creation_index(b); });
  }
}

std::vector<std::string> Window::draw(const baton::Snapshot& snapshot, const Status& status) const {
  std::vector<std::string> lines;
  lines.reserve(row_count + list_lines + 5);
  lines.push_back(border(baton::one_line(snapshot.plan.name()) + ": " + std::string(to_string(snapshot.state))));
  for (std::size_t row = 0; row < row_count; ++row) lines.push_back(inside(draw_row(snapshot, row)));
  lines.push_back(border(""));
  draw_list(snapshot, lines);
  lines.push_back(border(""));
  lines.push_back(inside(describe(snapshot, status)));
  lines.push_back(border(""));
  return lines;
}

std::string Window::draw_row(const baton::Snapshot& snapshot, std::size_t row) const {
  std::string text;
  for (const std::vector<baton::TaskId>& tasks : levels_) {
    // A level is a block of boxes, as wide as it must be for the number of rows.
    const std::size_t columns = (tasks.size() + row_count - 1) / row_count;
    for (std::size_t column = 0; column < columns; ++column) {
      const std::size_t at = row * columns + column;
      text += at < tasks.size() ? std::string{'[', glyph(snapshot.tasks[index_of(tasks[at])].state), ']'} : "   ";
    }
    text += "   ";
  }
  return text;
}

void Window::draw_list(const baton::Snapshot& snapshot, std::vector<std::string>& lines) const {
  std::vector<std::string> going_on;
  for (std::size_t i = 0; i < snapshot.tasks.size(); ++i) {
    const baton::TaskTiming& task = snapshot.tasks[i];
    if (!task.started || task.ended) continue;
    const auto time = snapshot.taken ? *snapshot.taken - *task.started : baton::Duration::zero();
    going_on.push_back(std::string{glyph(task.state)} + ' ' +
                       baton::one_line(snapshot.plan.task_name(static_cast<baton::TaskId>(i))) + ", " +
                       baton::format_duration(time));
  }
  const std::size_t room = going_on.size() > list_lines ? list_lines - 1 : list_lines;
  for (std::size_t i = 0; i < room; ++i) lines.push_back(inside(i < going_on.size() ? going_on[i] : ""));
  if (going_on.size() > list_lines) lines.push_back(inside("and " + std::to_string(going_on.size() - room) + " more"));
}

void Screen::show(std::vector<std::string> lines) {
  std::string bytes;
  if (kind_ == Kind::in_place && shown_ > 0) bytes = "\r\x1b[" + std::to_string(shown_) + 'A';
  const std::size_t columns = kind_ == Kind::in_place ? terminal_columns() - 1 : width;
  for (std::string& line : lines) {
    if (line.size() > columns) line.resize(columns);
    bytes += line + (kind_ == Kind::in_place ? "\x1b[K\n" : "\n");
  }
  shown_ = lines.size();
  // One write a frame: nothing is seen half drawn.
  std::cout.write(bytes.data(), static_cast<std::streamsize>(bytes.size())).flush();
}

bool stdout_is_terminal() noexcept {
#if defined(_WIN32)
  return false;
#else
  const char* const kind = std::getenv("TERM");
  return isatty(STDOUT_FILENO) != 0 && kind != nullptr && std::string_view(kind) != "dumb" && *kind != '\0';
#endif
}

}  // namespace window
