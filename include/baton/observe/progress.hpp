// SPDX-License-Identifier: MIT
#pragma once

#include <baton/base/export.hpp>
#include <baton/base/time.hpp>
#include <baton/scheduler/observer.hpp>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <iosfwd>
#include <memory>
#include <optional>
#include <string_view>

namespace baton {

/// How progress is shown.
enum class ProgressStyle : std::uint8_t {
  automatic,  ///< `bar` when writing to stderr or stdout and that is a terminal, otherwise `lines`.
  bar,        ///< A bar, and below it a line for each task that runs, drawn anew in their place.
  lines,      ///< A line now and then.
  silent,     ///< Nothing.
};

/// How much a terminal shows.
struct TerminalSize {
  std::size_t columns = 80;  ///< In a row.
  std::size_t rows = 24;     ///< In the window.
  friend bool operator==(const TerminalSize&, const TerminalSize&) = default;
};

/// How a ProgressObserver draws, and where.
struct ProgressOptions {
  /// How it is drawn. A terminal whose TERM is missing or `dumb` gets `lines` from `automatic`.
  ProgressStyle style = ProgressStyle::automatic;
  /// Where to write, stderr when null: into the buffer that the stream has now. That outlives the observer; it is used
  /// by one thread at a time.
  std::ostream* out = nullptr;
  /// The shortest time between two drawings, on the scheduler's clock; 0: 100 ms for a bar, 2 s for lines.
  Duration interval{};
  /// How often a bar is drawn in real time, by a thread that lives while there are runs, also when nothing happens;
  /// empty: as `interval`. 0: there is no thread, and a bar is drawn like lines, when something happens. Schedulers
  /// with a virtual clock want 0.
  std::optional<Duration> refresh{};
  /// Asked before each drawing of a bar; when empty, the terminal itself is asked, and one that does not know or is
  /// none counts as 80 by 24. Must not call the observer.
  std::function<TerminalSize()> terminal_size{};
  /// Whether a bar may hold more than ASCII; empty: as the variables LC_ALL, LC_CTYPE and LANG say.
  std::optional<bool> unicode{};
};

/// Shows how far the runs it is told of have come: tasks ended and in all, running, failed, time, tasks a second, and
/// the time that is left, as soon as it can be guessed. A bar has a line each for the tasks that have run longest.
///
/// The guess: where at least half of the tasks of each run have an expected duration, what remains of these over what
/// was lately done of them a second, but no less than the longest path ahead; elsewhere the tasks that remain over the
/// tasks that lately ended a second.
///
/// Several runs at once are shown as one, with the name of the newest. Drawn a last time, complete, when no run is
/// left. Whenever the process ends, the cursor is on a line of its own below what was drawn. Thread-safe.
class BATON_API ProgressObserver final : public Observer {
 public:
  /// Draws from now on.
  explicit ProgressObserver(ProgressOptions options = {});
  /// Leaves what was drawn last.
  ~ProgressObserver() override;

  /// Writes text of the host to where the progress is drawn, above a bar; text of any number of lines, as it is. Where
  /// it does not end with a line break one is added. Also written when the style is `silent`.
  void print(std::string_view text);

  void on_event(const Event& event) override;
  [[nodiscard]] EventKinds kinds() const noexcept override;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// A buffer for a stream whose lines shall go through `observer.print`, each when it is complete; the rest when the
/// buffer is destroyed. Thread-safe; keeps the observer alive.
///
/// Give it to `std::cerr.rdbuf`, and give that its own buffer back before this one is destroyed. An observer that was
/// made before draws past it.
/// @throws UsageError when `observer` is null.
[[nodiscard]] BATON_API std::unique_ptr<std::streambuf> make_progress_buffer(
    std::shared_ptr<ProgressObserver> observer);

}  // namespace baton
