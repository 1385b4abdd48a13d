// SPDX-License-Identifier: MIT

// The protocol by which the threads of a pool sleep and wake (see pool.hpp), as a model: every order of its steps is
// tried. Each step is one sequentially consistent access or one section under the mutex.
//
// What is published goes to the store buffer of its producer, as with a push to a deque, and from there to memory at
// any later time; at the latest when somebody makes all cores pass a fence. Work for the queues, published by
// sequentially consistent operations, is the case in which it does so at once.
//
// A host publishes a round of as many pieces of work as there are threads. All of them must be inside a body at once
// before any goes on, so a piece that nobody comes for shows as a state in which nothing can happen any more. After
// that one of the threads blocks, which starts or calls a spare thread, and the next round begins.

#include <gtest/gtest.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <unordered_set>
#include <vector>

namespace baton {
namespace {

constexpr std::uint8_t threads = 2;
constexpr std::uint8_t workers_max = threads + 1;
constexpr std::uint8_t rounds = 2;

/// A rule of the protocol that is broken on purpose.
enum class Fault : std::uint8_t {
  none,
  no_look_after_search,   ///< The last searcher does not look for more work before it begins what it found.
  no_last_look,           ///< A thread goes to sleep without looking once more.
  no_fence_after_search,  ///< The last searcher looks for more work without making the producers pass a fence.
  no_fence_before_sleep,  ///< A thread takes its last look without making the producers pass a fence.
  last_look_not_counted,  ///< A thread whose last look finds work is no searcher, and so calls nobody for the rest.
  newest_made_spare,      ///< The end of a blocking call turns the newest idle thread into a spare one.
};

/// The next step of a worker.
enum class Step : std::uint8_t {
  unborn,
  take,
  raise_searching,
  look,
  lower_searching_found,
  lower_searching_empty,
  reads_sleeping,
  fence_after_search,
  look_for_more,
  notify_reads_sleeping,
  notify_reads_searching,
  call_idle,
  list,
  fence_before_sleep,
  last_look,
  wake,
  sleep,
  meet,
  begin_blocking,
  end_blocking,
  retire,
};

enum class Place : std::uint8_t { active, blocked, idle, spare };

struct Worker {
  Step step;
  Place place;
  bool counted;  ///< Whoever called it raised searching for it.
  bool called;
  bool blocks;  ///< It is the one of this round that blocks.
};

struct List {
  std::array<std::uint8_t, workers_max> items;
  std::uint8_t size;

  void push(std::uint8_t worker) { items[size++] = worker; }
  void remove(std::uint8_t worker) {
    std::uint8_t kept = 0;
    for (std::uint8_t i = 0; i < size; ++i) {
      if (items[i] != worker) items[kept++] = items[i];
    }
    while (size > kept) items[--size] = 0;
  }
};

struct State {  // bytes only, so that it can be compared as bytes
  std::array<Worker, workers_max> workers;
  List idle;
  List spares;
  std::uint8_t sleeping, searching, unblocked, created;
  std::uint8_t buffered;  ///< Pieces that the host has published and others do not see yet.
  std::uint8_t queued;    ///< Pieces that they see, not taken.
  std::uint8_t inside, passed, round;
  std::uint8_t published, host_step;
};
static_assert(sizeof(State) == workers_max * sizeof(Worker) + 2 * sizeof(List) + 11);

class Model {
 public:
  explicit Model(Fault fault) : fault_(fault) {}

  /// Tries every order of steps. Returns the number of states in which somebody waits for ever.
  std::size_t run() {
    State first{};
    first.created = threads;
    first.unblocked = threads;
    for (std::uint8_t i = 0; i < threads; ++i) first.workers[i].step = Step::take;
    add(first);
    std::size_t stuck = 0;
    while (!todo_.empty()) {
      const State state = todo_.back();
      todo_.pop_back();
      bool moved = false;
      for (std::uint8_t worker = 0; worker < workers_max; ++worker) moved |= move_worker(state, worker);
      moved |= move_host(state);
      moved |= move_buffer(state);
      if (moved) continue;
      const bool complete =
          state.round == rounds && state.queued == 0 && state.searching == 0 && state.unblocked == threads;
      if (!complete) ++stuck;
      ends_ += complete ? 1 : 0;
    }
    return stuck;
  }

  /// The number of states in which everything is done and everybody sleeps.
  [[nodiscard]] std::size_t ends() const { return ends_; }

 private:
  void add(const State& state) {
    if (seen_.emplace(reinterpret_cast<const char*>(&state), sizeof state).second) todo_.push_back(state);
  }

  bool move_host(State s) {
    switch (s.host_step) {
      case 0:
        if (s.published == (s.round + 1) * threads || s.published == rounds * threads) return false;
        ++s.buffered;
        ++s.published;
        s.host_step = 1;
        break;
      case 1:
        s.host_step = s.sleeping != 0 ? 2 : 0;
        break;
      case 2:
        s.host_step = s.searching != 0 ? 0 : 3;
        break;
      default:
        call_idle(s);
        s.host_step = 0;
    }
    add(s);
    return true;
  }

  bool move_buffer(State s) {
    if (s.buffered == 0) return false;
    --s.buffered;
    ++s.queued;
    add(s);
    return true;
  }

  static void heavy_fence(State& s) {
    s.queued = static_cast<std::uint8_t>(s.queued + s.buffered);
    s.buffered = 0;
  }

  bool move_worker(State s, std::uint8_t number) {
    Worker& me = s.workers[number];
    switch (me.step) {
      case Step::unborn:
        return false;
      case Step::take:
        me.step = take(s, me) ? Step::meet : Step::raise_searching;
        break;
      case Step::raise_searching:
        if (2 * s.searching > threads) {
          me.step = Step::list;
        } else {
          ++s.searching;
          me.step = Step::look;
        }
        break;
      case Step::look:
        me.step = take(s, me) ? Step::lower_searching_found : Step::lower_searching_empty;
        break;
      case Step::lower_searching_found:
        --s.searching;
        me.step = s.searching == 0 && fault_ != Fault::no_look_after_search ? Step::reads_sleeping : Step::meet;
        break;
      case Step::lower_searching_empty:
        --s.searching;
        me.step = Step::list;
        break;
      case Step::reads_sleeping:
        me.step = s.sleeping != 0 ? Step::fence_after_search : Step::meet;
        break;
      case Step::fence_after_search:  // the look before it, which may spare it, can only find more
        if (fault_ != Fault::no_fence_after_search) heavy_fence(s);
        me.step = Step::look_for_more;
        break;
      case Step::look_for_more:
        me.step = s.queued != 0 ? Step::notify_reads_sleeping : Step::meet;
        break;
      case Step::notify_reads_sleeping:
        me.step = s.sleeping != 0 ? Step::notify_reads_searching : Step::meet;
        break;
      case Step::notify_reads_searching:
        me.step = s.searching != 0 ? Step::meet : Step::call_idle;
        break;
      case Step::call_idle:
        call_idle(s);
        me.step = Step::meet;
        break;
      case Step::list:
        if (s.unblocked > threads) {
          list_spare(s, number);
          me.step = Step::sleep;
        } else {
          me.place = Place::idle;
          me.called = false;
          s.idle.push(number);
          ++s.sleeping;
          me.step = fault_ == Fault::no_last_look ? Step::sleep : Step::fence_before_sleep;
        }
        break;
      case Step::fence_before_sleep:
        if (fault_ != Fault::no_fence_before_sleep) heavy_fence(s);
        me.step = Step::last_look;
        break;
      case Step::last_look:
        me.step = me.called || (me.place == Place::idle && s.queued != 0) ? Step::wake : Step::sleep;
        break;
      case Step::wake:
        wake(s, number);
        break;
      case Step::sleep:
        if (!me.called) return false;
        me.step = Step::wake;
        break;
      case Step::meet:
        if (s.passed == 0 && s.inside < threads) return false;
        me.step = me.blocks ? Step::begin_blocking : Step::retire;
        me.blocks = false;
        if (++s.passed == threads) {
          s.passed = 0;
          s.inside = 0;
          ++s.round;
        }
        break;
      case Step::begin_blocking:
        me.place = Place::blocked;
        --s.unblocked;
        replace(s);
        me.step = Step::end_blocking;
        break;
      case Step::end_blocking:
        me.place = Place::active;
        ++s.unblocked;
        if (s.unblocked > threads && s.idle.size != 0) {
          const std::uint8_t surplus =
              fault_ == Fault::newest_made_spare ? s.idle.items[s.idle.size - 1U] : s.idle.items[0];
          unlist_idle(s, surplus);
          list_spare(s, surplus);
        }
        me.step = Step::retire;
        break;
      case Step::retire:
        if (s.unblocked > threads) {
          list_spare(s, number);
          me.step = Step::sleep;
        } else {
          me.step = Step::take;
        }
        break;
    }
    add(s);
    return true;
  }

  static bool take(State& s, Worker& me) {
    if (s.queued == 0) return false;
    --s.queued;
    me.blocks = ++s.inside == 1;
    return true;
  }

  void wake(State& s, std::uint8_t number) const {
    Worker& me = s.workers[number];
    if (me.place == Place::active) {
      me.called = false;
      me.step = me.counted ? Step::look : Step::take;
    } else if (me.place == Place::idle && s.queued != 0) {
      unlist_idle(s, number);
      me.place = Place::active;
      if (fault_ == Fault::last_look_not_counted) {
        me.step = Step::take;
      } else {
        ++s.searching;
        me.step = Step::look;
      }
    } else {
      me.step = Step::fence_before_sleep;
    }
  }

  static void call(Worker& worker, bool counted) {
    worker.place = Place::active;
    worker.counted = counted;
    worker.called = true;
  }

  static void call_idle(State& s) {
    if (s.idle.size == 0 || s.searching != 0) return;
    const std::uint8_t called = s.idle.items[s.idle.size - 1U];
    ++s.searching;
    unlist_idle(s, called);
    call(s.workers[called], true);
  }

  static void replace(State& s) {
    if (s.unblocked >= threads) return;
    if (s.spares.size != 0) {
      const std::uint8_t spare = s.spares.items[s.spares.size - 1U];
      s.spares.remove(spare);
      call(s.workers[spare], false);
    } else if (s.created < workers_max) {
      s.workers[s.created++].step = Step::take;
    } else {
      return;
    }
    ++s.unblocked;
  }

  static void list_spare(State& s, std::uint8_t number) {
    s.workers[number].place = Place::spare;
    s.workers[number].called = false;
    s.spares.push(number);
    --s.unblocked;
  }

  static void unlist_idle(State& s, std::uint8_t number) {
    s.idle.remove(number);
    --s.sleeping;
  }

  Fault fault_;
  std::size_t ends_ = 0;
  std::unordered_set<std::string> seen_;
  std::vector<State> todo_;
};

TEST(PoolModel, LosesNoWakeUpInAnyOrderOfSteps) {
  Model model(Fault::none);
  EXPECT_EQ(model.run(), 0U);
  EXPECT_GT(model.ends(), 0U);
}

// Each rule is needed: without it somebody waits for ever in some order.
TEST(PoolModel, FindsEachBrokenRule) {
  for (const Fault fault : {Fault::no_look_after_search, Fault::no_last_look, Fault::no_fence_after_search,
                            Fault::no_fence_before_sleep, Fault::last_look_not_counted, Fault::newest_made_spare}) {
    EXPECT_GT(Model(fault).run(), 0U) << "fault " << static_cast<int>(fault);
  }
}

}  // namespace
}  // namespace baton
