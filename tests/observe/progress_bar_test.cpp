// SPDX-License-Identifier: MIT
// What a terminal shows of a bar.
#include "observe/terminal_emulator.hpp"
#include "observe/virtual_run.hpp"
#include "support/pools.hpp"

#include <baton/observe/progress.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <condition_variable>
#include <functional>
#include <iostream>
#include <mutex>
#include <ostream>
#include <stdexcept>
#include <string>
#include <vector>

namespace {

using namespace baton;
using namespace baton::test;

/// Hands each write to a function; a frame is one write.
class WriteBuffer final : public std::streambuf {
 public:
  explicit WriteBuffer(std::function<void(std::string_view)> take) : take_(std::move(take)) {}

 protected:
  std::streamsize xsputn(const char* text, std::streamsize count) override {
    take_({text, static_cast<std::size_t>(count)});
    return count;
  }
  int_type overflow(int_type /*c*/) override {
    ADD_FAILURE() << "a single character is written";
    return traits_type::eof();
  }

 private:
  std::function<void(std::string_view)> take_;
};

/// A bar without a thread on a terminal, and the screens after each write.
struct Bar {
  explicit Bar(TerminalSize size, Duration interval = 1s, bool unicode = true,
               TerminalEmulator::Resize resize = TerminalEmulator::Resize::wraps_anew)
      : terminal(size, resize),
        observer(std::make_shared<ProgressObserver>(ProgressOptions{.style = ProgressStyle::bar,
                                                                    .out = &out,
                                                                    .interval = interval,
                                                                    .refresh = Duration{},
                                                                    .terminal_size = [this] { return ask_size(); },
                                                                    .unicode = unicode})) {}

  TerminalSize ask_size() {
    if (before_frame) before_frame();
    return terminal.size();
  }

  std::function<void()> before_frame{};
  TerminalEmulator terminal;
  std::vector<std::string> screens;
  WriteBuffer buffer{[this](std::string_view bytes) {
    terminal.write(bytes);
    EXPECT_EQ(terminal.column(), 0U);
    screens.push_back(terminal.screen());
  }};
  std::ostream out{&buffer};
  std::shared_ptr<ProgressObserver> observer;
};

/// Tasks of these names that take one second more each, and one of half a second after each other to draw at.
Plan tasks_named(const std::vector<std::string>& names) {
  Workflow flow{"names"};
  auto tick = flow.task("tick", parking(500ms));
  Duration duration = 1s;
  for (const std::string& name : names) {
    flow.task(name, parking(duration));
    duration += 1s;
    tick = flow.task(parking(1s)).after(tick);
  }
  return flow.build();
}

TEST(ProgressBar, HasALineForEachTaskThatRunsTheLongestFirst) {
  VirtualRun virtual_run;
  Bar bar({60, 24}, 500ms);
  Workflow flow{"copy"};
  flow.task("early", parking(3s));
  auto tick = flow.task("tick", parking(500ms));
  tick = flow.task("late", parking(2s)).after(tick);
  virtual_run.run(flow.build(), bar.observer);
  EXPECT_EQ(bar.screens, (std::vector<std::string>{
                             "[                ] 0 % 0/3, 0.0 s",
                             "[█████▎          ] 33 % 1/3, 1 running, 0.5 s, 2.0/s\n"
                             "       0.5 s  early",
                             "[██████████▋     ] 66 % 2/3, 1 running, 2.5 s, 0.8/s\n"
                             "       2.5 s  early",
                             "[████████████████] 100 % 3/3, 3.0 s, 1.0/s",
                             "[████████████████] 100 % 3/3, 3 s, 1.0/s",
                         }));
}

TEST(ProgressBar, TellsHowManyTasksThereAreBesides) {
  VirtualRun virtual_run;
  Bar bar({60, 6}, 1s);
  Workflow flow;
  flow.task("tick", parking(1s));
  for (int i = 0; i < 20; ++i) flow.task("task " + std::to_string(i), parking(3s));
  virtual_run.run(flow.build(), bar.observer);
  // Four lines besides the bar, and the line of the cursor.
  EXPECT_EQ(bar.screens.at(1),
            "[▊               ] 4 % 1/21, 20 running, 1.0 s, 1.0/s\n"
            "       1.0 s  task 0\n"
            "       1.0 s  task 1\n"
            "       1.0 s  task 2\n"
            "              and 17 more");
  EXPECT_EQ(bar.terminal.all(), "[████████████████] 100 % 21/21, 3 s, 7.0/s");
}

TEST(ProgressBar, TakesNamesOfAnyBytesAndNeverWraps) {
  const std::vector<std::string> names{
      "\x1b"
      "c\n\r\t" +
          std::string(100, 'x'),
      std::string(80, '\xff'),
      std::string(3000, 'y'),
      "絵文字の名前はとても長いのでここで切られる絵文字の名前はとても長いので",
      "e\u0301" + std::string(1, 'e') + "\u0301 combined",
      "\U0001F600\U0001F600\U0001F600 smile \u202E desrever",
      "<script>' \" \\ $(reboot)"};
  for (const std::size_t columns : {1U, 2U, 3U, 5U, 12U, 23U, 24U, 25U, 40U, 80U, 200U}) {
    for (const bool unicode : {true, false}) {
      VirtualRun virtual_run;
      Bar bar({columns, 24}, 500ms, unicode);
      virtual_run.run(tasks_named(names), bar.observer);
      EXPECT_EQ(bar.terminal.wraps(), 0U) << columns;
      EXPECT_GT(bar.screens.size(), 7U);
    }
  }
}

TEST(ProgressBar, CutsNamesByTheColumnsThatTheyTake) {
  VirtualRun virtual_run;
  Bar bar({31, 24}, 500ms);
  Workflow flow;
  flow.task("tick", parking(1s));
  flow.task("絵文字の名前はとても長い", parking(3s));
  flow.task(
      "e\u0301e\u0301e\u0301e\u0301e\u0301e\u0301e\u0301e\u0301e\u0301e\u0301e\u0301e\u0301e\u0301e\u0301e\u0301e"
      "\u0301",
      parking(3s));
  flow.task(
      "e\u0301e\u0301e\u0301e\u0301e\u0301e\u0301e\u0301e\u0301e\u0301e\u0301e\u0301e\u0301e\u0301e\u0301e\u0301e\u0301"
      "e\u0301",
      parking(3s));
  flow.task(
      "a\x1b\xff"
      "0123456789",
      parking(3s));
  virtual_run.run(flow.build(), bar.observer);
  EXPECT_EQ(
      bar.screens.at(1),
      "20 % 1/5, 1.0 s\n"
      "       1.0 s  絵文字の名前は…\n"
      "       1.0 s  "
      "e\u0301e\u0301e\u0301e\u0301e\u0301e\u0301e\u0301e\u0301e\u0301e\u0301e\u0301e\u0301e\u0301e\u0301e\u0301e\u0301"
      "\n"
      "       1.0 s  "
      "e\u0301e\u0301e\u0301e\u0301e\u0301e\u0301e\u0301e\u0301e\u0301e\u0301e\u0301e\u0301e\u0301e\u0301e\u0301…\n"
      "       1.0 s  a\\x1b\\xff012345…");
}

TEST(ProgressBar, WithoutUnicodeWritesAsciiOnly) {
  VirtualRun virtual_run;
  Bar bar({31, 24}, 500ms, false);
  Workflow flow;
  flow.task("tick", parking(1s));
  flow.task("絵文字 and then some more", parking(3s));
  virtual_run.run(flow.build(), bar.observer);
  EXPECT_EQ(bar.screens.at(1), "50 % 1/2, 1.0 s\n       1.0 s  ??? and then ...");
}

/// The first line of a bar after 9 of 13 tasks have ended within 2 s, the first with a failure, and 4 run.
std::string head_at(std::size_t columns) {
  Bar bar({columns, 24}, 2s);
  const Plan plan = plan_of(13);
  bar.observer->on_event(run_event(Event::Kind::run_started, plan, 0s, RunState::running));
  for (std::size_t i = 0; i < 13; ++i) {
    bar.observer->on_event(task_event(Event::Kind::task_started, plan, i, 0s, TaskState::running));
  }
  for (std::size_t i = 0; i < 9; ++i) {
    const TaskState state = i == 0 ? TaskState::failed : TaskState::succeeded;
    bar.observer->on_event(task_event(Event::Kind::task_ended, plan, i, i < 8 ? Duration{1s} : Duration{2s}, state));
  }
  EXPECT_EQ(bar.terminal.wraps(), 0U);
  return bar.terminal.screen().substr(0, bar.terminal.screen().find('\n'));
}

TEST(ProgressBar, LeavesOutWhatMattersLeastWhereItIsNarrow) {
  const std::string figures = "69 % 9/13, 4 running, 1 failed, 2.0 s, 4.5/s, 1 s left";
  EXPECT_EQ(head_at(110), "[██████████████████████▏         ] " + figures);
  EXPECT_EQ(head_at(80), "[███████████     ] " + figures);
  EXPECT_EQ(head_at(74), "[███████████     ] " + figures);
  EXPECT_EQ(head_at(73), "[███████████     ] 69 % 9/13, 4 running, 1 failed, 2.0 s, 1 s left");
  EXPECT_EQ(head_at(60), "[███████████     ] 69 % 9/13, 1 failed, 2.0 s, 1 s left");
  EXPECT_EQ(head_at(50), "69 % 9/13, 1 failed, 2.0 s, 1 s left");
  EXPECT_EQ(head_at(31), "69 % 9/13, 1 failed, 1 s left");
  EXPECT_EQ(head_at(25), "69 % 9/13, 1 failed");
  EXPECT_EQ(head_at(12), "69 % 9/13");
  EXPECT_EQ(head_at(6), "9/13");
  EXPECT_EQ(head_at(4), "9/…");
  EXPECT_EQ(head_at(2), "…");
  EXPECT_EQ(head_at(1), "");
}

TEST(ProgressBar, IsCleanAfterTheWindowGotNarrowerOrWider) {
  VirtualRun virtual_run;
  Bar bar({80, 200}, 500ms);  // so high that nothing scrolls away
  bar.out << "what the host wrote before\n";
  std::size_t frame = 0;
  const std::vector<std::size_t> widths{80, 30, 17, 120, 9, 33, 80, 5, 61};
  bar.before_frame = [&] { bar.terminal.resize({widths[frame++ % widths.size()], 200}); };
  virtual_run.run(
      tasks_named({"one " + std::string(70, '1'), "two " + std::string(90, '2'), "three", "四四四四四四四四四四"}),
      bar.observer);
  EXPECT_GE(frame, 5U);
  EXPECT_EQ(bar.terminal.wraps(), 0U);
  for (std::size_t i = 1; i < bar.screens.size(); ++i) {
    const std::string& screen = bar.screens[i];
    const std::size_t count = screen.find("/9");
    EXPECT_NE(count, std::string::npos) << screen;
    EXPECT_EQ(screen.find("/9", count + 1), std::string::npos) << screen;
  }
  bar.terminal.resize({80, 200});
  const std::string all = bar.terminal.all();
  EXPECT_EQ(all.rfind("what the host wrote before\n", 0), 0U) << all;
  EXPECT_EQ(std::count(all.begin(), all.end(), '\n'), 1) << all;
}

TEST(ProgressBar, GoesOnWhereTheTerminalCutsLinesAndWindowsGetLow) {
  VirtualRun virtual_run;
  Bar bar({80, 24}, 500ms, true, TerminalEmulator::Resize::cuts);
  std::size_t frame = 0;
  bar.before_frame = [&] {
    const std::vector<TerminalSize> sizes{{80, 24}, {40, 3}, {1, 1}, {60, 2}, {20, 5}};
    bar.terminal.resize(sizes[frame++ % sizes.size()]);
  };
  virtual_run.run(tasks_named({"a", "b", "c", "d", "e", "f", "g", "h"}), bar.observer);
  EXPECT_GE(frame, 8U);
  EXPECT_EQ(bar.terminal.wraps(), 0U);
}

TEST(ProgressBar, TextOfTheHostStandsAbove) {
  VirtualRun virtual_run;
  Bar bar({60, 24}, 500ms);
  Workflow flow;
  flow.task("long", parking(3s));
  auto tick = flow.task("tick", parking(1s));
  flow.task([&] { bar.observer->print("from a body"); }).after(tick);
  bar.observer->print("before\n");
  virtual_run.run(flow.build(), bar.observer);
  bar.observer->print("after, in\ntwo lines\n");
  EXPECT_TRUE(bar.screens.at(1).starts_with("before\n[      ")) << bar.screens.at(1);
  const auto shown = std::find_if(bar.screens.begin(), bar.screens.end(),
                                  [](const std::string& s) { return s.find("from a body") != std::string::npos; });
  ASSERT_NE(shown, bar.screens.end());
  EXPECT_EQ(*shown, "before\nfrom a body\n[█████▎          ] 33 % 1/3, 1 running, 1.0 s, 1.0/s\n       1.0 s  long");
  EXPECT_EQ(bar.terminal.all(), "before\nfrom a body\n[████████████████] 100 % 3/3, 3 s, 1.0/s\nafter, in\ntwo lines");
}

TEST(ProgressBar, AStreamCanGoThroughIt) {
  Bar bar({60, 24});
  const auto buffer = make_progress_buffer(bar.observer);
  {
    std::ostream stream(buffer.get());
    const Plan plan = plan_of(2);
    bar.observer->on_event(run_event(Event::Kind::run_started, plan, 1s, RunState::running));
    stream << "half a " << std::flush;
    EXPECT_EQ(bar.terminal.screen(), "[                ] 0 % 0/2, 0.0 s");
    stream << "line" << '\n' << "and more";
    EXPECT_EQ(bar.terminal.screen(), "half a line\n[                ] 0 % 0/2, 0.0 s");
  }
  EXPECT_THROW((void)make_progress_buffer(nullptr), UsageError);
}

TEST(ProgressBar, WhatIsLeftInTheBufferIsWrittenAtItsEnd) {
  Bar bar({60, 24});
  {
    const auto buffer = make_progress_buffer(bar.observer);
    std::ostream(buffer.get()) << "rest";
  }
  EXPECT_EQ(bar.terminal.screen(), "rest");
}

TEST(ProgressBar, LeavesTheCursorOnAFreshLineWhenItEndsInTheMiddle) {
  Bar bar({60, 24});
  const Plan plan = plan_of(2);
  bar.observer->on_event(run_event(Event::Kind::run_started, plan, 1s, RunState::running));
  bar.observer.reset();
  bar.terminal.write("$ ");
  EXPECT_EQ(bar.terminal.screen(), "[                ] 0 % 0/2, 0.0 s\n$");
}

TEST(ProgressBar, CountsATaskThatStartsAndEndsOnDifferentThreadsOnce) {
  Bar bar({120, 24}, 1ns);
  const Plan plan = plan_of(200);
  bar.observer->on_event(run_event(Event::Kind::run_started, plan, 0s, RunState::running));
  for (std::size_t i = 0; i < 200; ++i) {
    Event event = task_event(Event::Kind::task_started, plan, i, 1s + i * 1us, TaskState::running);
    event.worker = static_cast<std::uint32_t>(i % 70);
    bar.observer->on_event(event);
  }
  const auto says = [&](std::string_view text) { return bar.terminal.screen().find(text) != std::string::npos; };
  EXPECT_TRUE(says("0/200, 200 running")) << bar.terminal.screen();
  for (std::size_t i = 0; i < 200; ++i) {
    Event event = task_event(Event::Kind::task_ended, plan, i, 2s + i * 1us, TaskState::succeeded);
    event.worker = static_cast<std::uint32_t>((i * 7 + 3) % 70);
    bar.observer->on_event(event);
    if (i == 199) break;
    EXPECT_TRUE(says(std::to_string(199 - i) + " running")) << bar.terminal.screen();
  }
  EXPECT_FALSE(says("running")) << bar.terminal.screen();
}

class ProgressBarOnPool : public OnEachPool {};
BATON_ON_EACH_POOL(ProgressBarOnPool);

TEST_P(ProgressBarOnPool, IsCompleteAtTheEndWhoeverPrintsAndParksMeanwhile) {
  Bar bar({60, 24}, 1ns);
  {
    Workflow flow;
    for (int i = 0; i < 500; ++i) flow.task(parking(1us));
    for (int i = 0; i < 500; ++i) {
      auto first = flow.task([&bar, i] {
        if (i % 50 == 0) bar.observer->print("printed");
      });
      flow.task([] {}).after(first);
    }
    Scheduler own{pool};
    own.start(flow.build(), {.observers = {bar.observer}});
    own.wait_all();
  }
  EXPECT_EQ(bar.terminal.wraps(), 0U);
  const std::string all = bar.terminal.all();
  const std::string last = all.substr(all.rfind('\n') + 1);
  EXPECT_EQ(last.rfind("[████████████████] 100 % 1500/1500, ", 0), 0U) << last;
  EXPECT_EQ(last.find("running"), std::string::npos) << last;
  std::string printed;
  for (int i = 0; i < 10; ++i) printed += "printed\n";
  EXPECT_EQ(all, printed + last);
}

// In real time: the thread draws while a body waits for nothing but that.
TEST(ProgressBar, IsDrawnWhileNothingHappens) {
  std::mutex mutex;
  std::condition_variable drawn;
  TerminalEmulator terminal({60, 24});
  std::vector<std::string> screens;
  WriteBuffer buffer{[&](std::string_view bytes) {
    const std::lock_guard lock(mutex);
    terminal.write(bytes);
    screens.push_back(terminal.screen());
    drawn.notify_all();
  }};
  std::ostream out(&buffer);
  const auto observer =
      std::make_shared<ProgressObserver>(ProgressOptions{.style = ProgressStyle::bar,
                                                         .out = &out,
                                                         .refresh = 1ms,
                                                         .terminal_size = [] { return TerminalSize{60, 24}; },
                                                         .unicode = false});
  ThreadPool pool{1};
  Scheduler scheduler{pool};
  const auto shows = [&](std::string_view what) {
    return std::any_of(screens.begin(), screens.end(),
                       [&](const auto& s) { return s.find(what) != std::string::npos; });
  };
  // Twice: the thread is taken again.
  for (int round = 0; round < 2; ++round) {
    Workflow flow;
    bool seen = false;
    flow.task("stuck until it is seen", [&] {
      std::unique_lock lock(mutex);
      screens.clear();
      seen = drawn.wait_for(lock, 60s, [&] { return shows(" s  stuck until it is seen") && shows("0/1, 1 running"); });
    });
    scheduler.start(flow.build(), {.observers = {observer}}).wait();
    EXPECT_TRUE(seen);
  }
  scheduler.wait_all();
  const std::lock_guard lock(mutex);
  EXPECT_EQ(terminal.wraps(), 0U);
}

}  // namespace
