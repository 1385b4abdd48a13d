// SPDX-License-Identifier: MIT
// Progress on a real terminal, as far as the system has pseudo terminals.
#include "observe/virtual_run.hpp"

#include <baton/observe/progress.hpp>

#include <gtest/gtest.h>

#if defined(__linux__)

#include <pty.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include <array>
#include <cstdlib>
#include <iostream>
#include <memory>
#include <optional>
#include <string>

namespace {

using namespace baton;
using namespace baton::test;

/// Sets a variable of the environment, and sets it back at the end.
class Variable {
 public:
  Variable(const char* name, const char* value) : name_(name) {
    if (const char* const before = std::getenv(name)) before_ = before;
    if (value == nullptr) {
      unsetenv(name);
    } else {
      setenv(name, value, 1);
    }
  }
  Variable(const Variable&) = delete;
  Variable& operator=(const Variable&) = delete;
  ~Variable() {
    if (before_) {
      setenv(name_, before_->c_str(), 1);
    } else {
      unsetenv(name_);
    }
  }

 private:
  const char* name_;
  std::optional<std::string> before_;
};

/// Makes stderr another descriptor until its end.
class Stderr {
 public:
  explicit Stderr(int descriptor) : before_(dup(STDERR_FILENO)) { dup2(descriptor, STDERR_FILENO); }
  Stderr(const Stderr&) = delete;
  Stderr& operator=(const Stderr&) = delete;
  ~Stderr() {
    dup2(before_, STDERR_FILENO);
    close(before_);
  }

 private:
  int before_;
};

struct Ends {
  int reader = -1;
  int writer = -1;
  ~Ends() {
    close(reader);
    if (writer >= 0) close(writer);
  }
};

std::string read_all(int descriptor) {
  std::string all;
  std::array<char, 4096> part{};
  // A pseudo terminal whose other end was closed fails instead of ending.
  for (ssize_t count = 0; (count = read(descriptor, part.data(), part.size())) > 0;) {
    all.append(part.data(), static_cast<std::size_t>(count));
  }
  return all;
}

/// What an observer with the defaults writes about a run of three tasks to stderr, which is `ends`.
std::string write_to(Ends& ends) {
  Workflow flow{"three"};
  flow.task("tick", parking(1s));
  flow.task("\u7D75 a name that is longer than the terminal has columns", parking(2s));
  flow.task("short", parking(3s));
  {
    const Stderr redirected(ends.writer);
    VirtualRun virtual_run;
    virtual_run.run(flow.build(), std::make_shared<ProgressObserver>(ProgressOptions{.refresh = Duration{}}));
  }
  close(ends.writer);
  ends.writer = -1;
  return read_all(ends.reader);
}

/// The same where stderr is a terminal of `columns` by `rows`.
std::string write_to_terminal(unsigned short columns, unsigned short rows) {
  Ends ends;
  const winsize size{.ws_row = rows, .ws_col = columns, .ws_xpixel = 0, .ws_ypixel = 0};
  EXPECT_EQ(openpty(&ends.reader, &ends.writer, nullptr, nullptr, &size), 0);
  return write_to(ends);
}

TEST(ProgressTerminal, GetsABarOfItsSize) {
  const Variable term("TERM", "xterm");
  const Variable locale("LC_ALL", "C.UTF-8");
  const std::string text = write_to_terminal(30, 24);
  EXPECT_EQ(text.rfind("0 % 0/3, 0.0 s\x1b[K\r\n", 0), 0U) << text;
  EXPECT_NE(text.find("       1.0 s  \u7D75 a name that\u2026\x1b[K\r\n       1.0 s  short\x1b[K\r\n"),
            std::string::npos)
      << text;
  EXPECT_TRUE(text.ends_with("100 % 3/3, 3 s\x1b[K\r\n\x1b[J")) << text;
}

TEST(ProgressTerminal, OfAnUnknownSizeCountsAs80By24) {
  const Variable term("TERM", "xterm");
  const Variable locale("LC_ALL", "C");
  const std::string text = write_to_terminal(0, 0);
  EXPECT_EQ(text.rfind("[................] 0 % 0/3, 0.0 s\x1b[K\r\n", 0), 0U) << text;
  EXPECT_NE(text.find("       1.0 s  ? a name that is longer than the terminal has columns\x1b[K"), std::string::npos)
      << text;
}

TEST(ProgressTerminal, ThatCannotMoveTheCursorGetsLines) {
  for (const char* const kind : {"dumb", "", static_cast<const char*>(nullptr)}) {
    const Variable term("TERM", kind);
    EXPECT_EQ(write_to_terminal(30, 24),
              "three: 2 of 3 tasks ended, 1 running, 2 s, 1.0/s\r\nthree: 3 of 3 tasks ended, 3 s, 1.0/s\r\n");
  }
}

TEST(ProgressTerminal, APipeGetsLines) {
  const Variable term("TERM", "xterm");
  Ends ends;
  std::array<int, 2> pair{};
  ASSERT_EQ(pipe(pair.data()), 0);
  ends.reader = pair[0];
  ends.writer = pair[1];
  EXPECT_EQ(write_to(ends),
            "three: 2 of 3 tasks ended, 1 running, 2 s, 1.0/s\nthree: 3 of 3 tasks ended, 3 s, 1.0/s\n");
}

}  // namespace

#endif
