// SPDX-License-Identifier: MIT
// A window without a toolkit. Its loop owns the only thread there is: it runs the workflow's bodies while there is time
// in a frame, and draws what has become of them.
#include "../command_line.hpp"
#include "pictures.hpp"
#include "window.hpp"

#include <baton/baton.hpp>
#include <baton/executor/manual_executor.hpp>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <exception>
#include <iostream>
#include <optional>
#include <string_view>
#include <thread>

namespace {

using namespace std::chrono_literals;

constexpr std::string_view help = R"(usage: embed_gui [OPTIONS]

Makes a contact sheet of made-up pictures, and shows the tasks in a window drawn
with letters, 60 times a second, all on one thread. Ctrl-C cancels.

  --frames N     cancel in frame N what is not done by then
  --plain        frames below each other, as where there is no terminal
  --help         print this

A box is a task, a column of them a level:  [ ] waits for others  [o] ready
[~] parked  [>] running  [#] done  [!] failed  [-] is not to run

Ends with 0 when the sheet is made or the frames are over, with 1 if it cannot
be made, with 2 if the command line is wrong, with 130 after Ctrl-C.
)";

constexpr baton::Duration frame_time = 16'666'667ns;
// What is left of a frame is for drawing it, and for a body that takes longer than the others.
constexpr baton::Duration body_time = 10ms;

volatile std::sig_atomic_t is_interrupted = 0;
extern "C" void note_interrupt(int /*signal*/) { is_interrupted = 1; }

struct Options {
  std::optional<std::size_t> frames;
  bool is_plain = false;
};

Options parse(examples::CommandLine line) {
  Options options;
  options.is_plain = line.flag("--plain") || !window::stdout_is_terminal();
  options.frames = line.number<std::size_t>("--frames", 1);
  (void)line.rest(0);
  return options;
}

baton::Duration since(std::chrono::steady_clock::time_point start) { return std::chrono::steady_clock::now() - start; }

/// Counts frames and times them.
struct Meter {
  const std::chrono::steady_clock::time_point start = std::chrono::steady_clock::now();
  window::Status status{};

  void end_frame(baton::Duration bodies) {
    const double seconds = std::chrono::duration<double>(since(start)).count();
    if (status.frame > 0) status.per_second = static_cast<double>(status.frame) / seconds;
    status.longest = std::max(status.longest, bodies);
  }
};

/// The loop of the host. @returns the run, which has ended.
baton::Run run_loop(const baton::Plan& plan, const Options& options) {
  baton::ManualExecutor executor;
  baton::PolledClock clock;
  baton::Scheduler scheduler{executor, {.clock = &clock}};
  const window::Window view(plan);
  window::Screen screen(options.is_plain ? window::Screen::Kind::plain : window::Screen::Kind::in_place);
  Meter meter;

  const baton::Run run = scheduler.start(plan, {.record = true});
  baton::Snapshot snapshot = run.snapshot();
  auto frame_start = meter.start;
  while (true) {
    // A real window would look at its events here.
    const bool is_over = options.frames && meter.status.frame + 1 >= *options.frames;
    if (is_interrupted != 0 || is_over) run.cancel();

    const auto bodies_start = std::chrono::steady_clock::now();
    clock.poll();
    const auto bodies_end = bodies_start + body_time;
    while (std::chrono::steady_clock::now() < bodies_end && executor.run_one()) {
    }
    meter.end_frame(since(bodies_start));

    snapshot.apply(run.changes(snapshot.version));
    ++meter.status.frame;
    screen.show(view.draw(snapshot, meter.status));
    if (run.ended()) return run;

    // Late frames are not made up for.
    frame_start = std::max(frame_start + frame_time, std::chrono::steady_clock::now());
    std::this_thread::sleep_until(frame_start);
  }
}

int make_sheet(const Options& options) {
  const pictures::ContactSheet wanted = pictures::make_contact_sheet(600ms);
  const baton::Run run = run_loop(wanted.flow.build(), options);
  if (run.succeeded()) {
    const pictures::Picture& sheet = run.result(wanted.sheet);
    std::cout << "contact sheet of " << sheet.width << " by " << sheet.height << ", checksum "
              << run.result(wanted.checksum) << std::endl;
    return 0;
  }
  if (run.state() != baton::RunState::cancelled) run.get();  // throws what went wrong
  std::cout << "cancelled" << std::endl;
  return is_interrupted != 0 ? 130 : 0;
}

}  // namespace

int main(int argc, char** argv) {
  const examples::Program program{"embed_gui", std::string(help)};
  return examples::run_program(program, argc, argv, [](examples::CommandLine line) {
    const Options options = parse(std::move(line));
    std::signal(SIGINT, note_interrupt);
    return make_sheet(options);
  });
}
