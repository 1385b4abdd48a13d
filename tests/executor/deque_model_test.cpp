// SPDX-License-Identifier: MIT

// The protocol of the deque (see deque.hpp) as a model: one owner, two thieves, a few items, and every order of their
// steps. Each step is one access to shared memory. What the owner stores without a fence goes to its store buffer and
// from there to memory, in order, at any later time; at the latest at a full fence of its own or at a heavy fence. The
// slot of an item may also be written at once, as nothing but the store of bottom_ after it is ordered with it.
//
// Rings are left out: each index has a slot of its own, see (3) there.
//
// The owner pushes the items and pops as often as it likes, in any order; the thieves steal for ever.

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <tuple>
#include <unordered_set>
#include <vector>

namespace baton {
namespace {

/// A rule of the protocol that is broken on purpose.
enum class DequeFault : std::uint8_t {
  none,
  no_heavy_fence,           ///< A thief opens what it has published without making the owner pass a fence.
  no_waiting_for_open,      ///< A thief steals below split_, which another may just have raised.
  bottom_read_before_open,  ///< A thief may see what is open now beside what bottom_ was before.
  no_second_look,           ///< A thief that has published steals by what it read before.
  no_look_after_lowering,   ///< The owner takes a private item by the split_ that it read before it lowered bottom_.
  plain_public_pop,         ///< The owner takes a public item without a full fence.
  lowers_split,        ///< The owner makes an empty deque private by lowering split_ and open_ instead of moving on.
  moves_bottom_first,  ///< When the owner moves on, bottom_ goes before top_.
  nothing_published,   ///< A thief leaves private items alone.
};

/// How the protocol has failed.
enum class Verdict : std::uint8_t {
  holds,
  taken_twice,   ///< Or what was no item at all.
  lost,          ///< The owner was told that the deque is empty when it was not.
  out_of_reach,  ///< A thief that called steal() got nothing although there was an item and nobody else around.
};

enum class OwnerStep : std::uint8_t {
  between,  // two operations
  push_bottom,
  pop_reads_split,
  pop_reads_top,
  pop_lowers_bottom,
  pop_reads_split_again,
  public_lowers_bottom,
  public_reads_top,
  public_takes_last,
  public_restores_bottom,
  move_reads_split,
  move_top,
  move_bottom,
  returns,
};

enum class ThiefStep : std::uint8_t { reads_top, reads_open, reads_bottom, raise_split, fence, raise_open, read, take };

constexpr std::size_t items_max = 4;
constexpr std::size_t buffer_max = 3 * items_max;

struct Store {  // of bottom_ if item is 0, else of a slot
  std::int8_t place;
  std::int8_t item;
};

struct Thief {
  ThiefStep step;
  std::int8_t top, open, bottom, half, item;
  bool published;
  auto operator<=>(const Thief&) const = default;
};

struct DequeState {  // bytes only, so that it can be compared as bytes
  std::int8_t top, open, split, bottom;
  std::array<std::int8_t, items_max> slots;
  std::array<Store, buffer_max> buffer;
  std::int8_t buffered;
  // The owner's own view, and where it is.
  OwnerStep step;
  std::int8_t own_bottom, seen_split;
  std::array<std::int8_t, items_max> own_slots;
  std::int8_t popped;  ///< The item that the pop returns.
  std::int8_t pushed;  ///< How many.
  std::uint8_t taken;  ///< A bit for each item.
  std::array<Thief, 2> thieves;
};
static_assert(sizeof(DequeState) == 12 + 2 * items_max + 2 * buffer_max - 1 + 2 * sizeof(Thief));

class DequeModel {
 public:
  DequeModel(DequeFault fault, std::int8_t items) : fault_(fault), items_(items) {}

  /// Tries every order of steps until one fails.
  Verdict run() {
    add(DequeState{});
    while (!todo_.empty() && verdict_ == Verdict::holds) {
      const DequeState state = todo_.back();
      todo_.pop_back();
      if (state.buffered != 0) {
        DequeState flushed = state;
        flush_one(flushed);
        add(flushed);
      }
      move_owner(state);
      for (std::size_t thief = 0; thief < 2; ++thief) {
        DequeState next = state;
        move_thief(next, next.thieves[thief]);
        add(next);
      }
      if (between_operations(state) && !can_be_stolen(state)) verdict_ = Verdict::out_of_reach;
    }
    return verdict_;
  }

  /// In how many states everything has been pushed and taken.
  [[nodiscard]] std::size_t ends() const { return ends_; }
  [[nodiscard]] std::size_t published() const { return published_; }

 private:
  void add(DequeState state) {
    if (state.thieves[1] < state.thieves[0]) std::swap(state.thieves[0], state.thieves[1]);  // they are alike
    if (seen_.emplace(reinterpret_cast<const char*>(&state), sizeof state).second) {
      todo_.push_back(state);
      if (state.pushed == items_ && state.taken == all(state)) ++ends_;
    }
  }

  static std::uint8_t all(const DequeState& s) { return static_cast<std::uint8_t>((1U << s.pushed) - 1); }

  // ---- Memory ----

  static void flush_one(DequeState& s) {
    const Store store = s.buffer[0];
    if (store.item == 0) {
      s.bottom = store.place;
    } else {
      s.slots[static_cast<std::size_t>(store.place)] = store.item;
    }
    std::copy(s.buffer.begin() + 1, s.buffer.end(), s.buffer.begin());
    s.buffer.back() = {};
    --s.buffered;
  }

  static void flush(DequeState& s) {
    while (s.buffered != 0) flush_one(s);
  }

  void store(DequeState& s, Store store) {
    if (s.buffered == static_cast<std::int8_t>(buffer_max)) flush_one(s);  // as a real one, it has an end
    s.buffer[static_cast<std::size_t>(s.buffered++)] = store;
    if (store.item == 0) s.own_bottom = store.place;
  }

  /// Overtakes what is in the buffer, and replaces what was there for the same slot.
  static void write_slot_at_once(DequeState& s, Store store) {
    s.slots[static_cast<std::size_t>(store.place)] = store.item;
    std::int8_t kept = 0;
    for (std::int8_t i = 0; i < s.buffered; ++i) {
      const Store each = s.buffer[static_cast<std::size_t>(i)];
      if (each.item == 0 || each.place != store.place) s.buffer[static_cast<std::size_t>(kept++)] = each;
    }
    while (s.buffered > kept) s.buffer[static_cast<std::size_t>(--s.buffered)] = {};
  }

  void take(DequeState& s, std::int8_t item) {
    const auto bit = static_cast<std::uint8_t>(item == 0 ? 0 : 1U << (item - 1));
    if (bit == 0 || (s.taken & bit) != 0) verdict_ = Verdict::taken_twice;
    s.taken |= bit;
  }

  // ---- The owner ----

  void move_owner(DequeState s) {
    const auto low = static_cast<std::int8_t>(s.own_bottom - 1);
    switch (s.step) {
      case OwnerStep::between:
        push(s);
        s.step = OwnerStep::pop_reads_split;
        break;
      case OwnerStep::push_bottom:
        store(s, {static_cast<std::int8_t>(s.own_bottom + 1), 0});
        s.step = OwnerStep::between;
        break;
      case OwnerStep::pop_reads_split:
        s.step = low >= s.split ? OwnerStep::pop_lowers_bottom : OwnerStep::pop_reads_top;
        break;
      case OwnerStep::pop_reads_top:
        s.step = low < s.top ? OwnerStep::move_reads_split : OwnerStep::public_lowers_bottom;
        break;
      case OwnerStep::pop_lowers_bottom:
        store(s, {low, 0});
        s.step = OwnerStep::pop_reads_split_again;
        if (fault_ == DequeFault::no_look_after_lowering) return_item(s);
        break;
      case OwnerStep::pop_reads_split_again:
        if (s.own_bottom >= s.split) {
          return_item(s);
        } else {
          ++s.own_bottom;  // the next step stores it once more
          s.step = OwnerStep::public_lowers_bottom;
        }
        break;
      case OwnerStep::public_lowers_bottom:
        store(s, {low, 0});
        if (fault_ != DequeFault::plain_public_pop) flush(s);
        s.step = OwnerStep::public_reads_top;
        break;
      case OwnerStep::public_reads_top:
        if (s.top < s.own_bottom) {
          return_item(s);
        } else {
          s.step = s.top == s.own_bottom ? OwnerStep::public_takes_last : OwnerStep::public_restores_bottom;
        }
        break;
      case OwnerStep::public_takes_last:
        flush(s);
        s.step = OwnerStep::public_restores_bottom;
        if (s.top != s.own_bottom) break;
        s.popped = s.own_slots[static_cast<std::size_t>(s.top++)];
        take(s, s.popped);
        break;
      case OwnerStep::public_restores_bottom:
        store(s, {static_cast<std::int8_t>(s.own_bottom + 1), 0});
        s.step = OwnerStep::move_reads_split;
        break;
      case OwnerStep::move_reads_split:
        move_on(s);
        break;
      case OwnerStep::move_top:
        flush(s);
        s.step = OwnerStep::returns;
        if (fault_ == DequeFault::moves_bottom_first) {
          s.top = s.seen_split;
        } else if (s.top == s.own_bottom) {
          s.top = s.seen_split;
          s.step = OwnerStep::move_bottom;
        }
        break;
      case OwnerStep::move_bottom:
        store(s, {s.seen_split, 0});
        s.step = fault_ == DequeFault::moves_bottom_first ? OwnerStep::move_top : OwnerStep::returns;
        break;
      case OwnerStep::returns:
        if (s.popped == 0 && s.taken != all(s)) verdict_ = Verdict::lost;
        s.popped = 0;
        s.seen_split = 0;
        s.step = OwnerStep::between;
        break;
    }
    add(s);
  }

  /// Adds the states after the first step of a push.
  void push(DequeState s) {
    if (s.pushed == items_) return;
    const std::int8_t item = ++s.pushed;
    s.own_slots[static_cast<std::size_t>(s.own_bottom)] = item;
    s.step = OwnerStep::push_bottom;
    DequeState at_once = s;
    write_slot_at_once(at_once, {s.own_bottom, item});
    add(at_once);
    store(s, {s.own_bottom, item});
    add(s);
  }

  void return_item(DequeState& s) {
    take(s, s.own_slots[static_cast<std::size_t>(s.own_bottom)]);
    s.step = OwnerStep::between;
  }

  void move_on(DequeState& s) {
    s.step = OwnerStep::returns;
    if (s.own_bottom >= s.split) return;
    if (fault_ == DequeFault::lowers_split) {
      flush(s);
      s.split = s.open = s.own_bottom;
      return;
    }
    s.seen_split = s.split;
    s.step = fault_ == DequeFault::moves_bottom_first ? OwnerStep::move_bottom : OwnerStep::move_top;
  }

  // ---- A thief ----

  void move_thief(DequeState& s, Thief& me) {
    const bool bottom_first = fault_ == DequeFault::bottom_read_before_open;
    switch (me.step) {
      case ThiefStep::reads_top:
        me.top = s.top;
        me.step = bottom_first ? ThiefStep::reads_bottom : ThiefStep::reads_open;
        break;
      case ThiefStep::reads_open:
        me.open = fault_ == DequeFault::no_waiting_for_open ? s.split : s.open;
        if (bottom_first) {
          decide(me);
        } else {
          me.step = ThiefStep::reads_bottom;
        }
        break;
      case ThiefStep::reads_bottom:
        me.bottom = s.bottom;
        if (bottom_first) {
          me.step = ThiefStep::reads_open;
        } else {
          decide(me);
        }
        break;
      case ThiefStep::raise_split:
        if (s.split != me.open) {
          me = {};
          break;
        }
        s.split = me.half = static_cast<std::int8_t>(me.top + (me.bottom - me.top + 1) / 2);
        me.step = ThiefStep::fence;
        break;
      case ThiefStep::fence:
        if (fault_ != DequeFault::no_heavy_fence) flush(s);
        me.step = ThiefStep::raise_open;
        break;
      case ThiefStep::raise_open:
        s.open = me.half;
        ++published_;
        if (fault_ == DequeFault::no_second_look) {
          me.step = ThiefStep::read;
        } else {
          me = {};
          me.published = true;
        }
        break;
      case ThiefStep::read:
        me.item = s.slots[static_cast<std::size_t>(me.top)];
        me.step = ThiefStep::take;
        break;
      case ThiefStep::take:
        if (s.top == me.top) {
          ++s.top;
          take(s, me.item);
        }
        me = {};
        break;
    }
  }

  void decide(Thief& me) const {
    if (me.top < me.bottom && me.top < me.open) {
      me.open = me.bottom = 0;  // no longer of interest
      me.step = ThiefStep::read;
    } else if (me.top >= me.bottom || me.published || fault_ == DequeFault::nothing_published) {
      me = {};
    } else {
      me.step = ThiefStep::raise_split;
    }
  }

  // ---- What must hold ----

  static bool between_operations(const DequeState& s) {
    return s.step == OwnerStep::between && s.buffered == 0 && s.thieves[0] == Thief{} && s.thieves[1] == Thief{};
  }

  /// While the owner is in a body for ever, one call of steal() brings an item if there is one.
  bool can_be_stolen(DequeState s) {
    if (s.taken == all(s)) return true;
    const std::uint8_t before = s.taken;
    do {
      move_thief(s, s.thieves[0]);
    } while (s.thieves[0] != Thief{});
    return s.taken != before;
  }

  DequeFault fault_;
  std::int8_t items_;
  Verdict verdict_ = Verdict::holds;
  std::size_t ends_ = 0;
  std::size_t published_ = 0;
  std::unordered_set<std::string> seen_;
  std::vector<DequeState> todo_;
};

TEST(DequeModel, GivesEachItemOnceInAnyOrderOfSteps) {
  DequeModel model(DequeFault::none, items_max);
  EXPECT_EQ(model.run(), Verdict::holds);
  EXPECT_GT(model.ends(), 0U);
  EXPECT_GT(model.published(), 0U);
}

// Each rule is needed: without it some order fails.
TEST(DequeModel, FindsEachBrokenRule) {
  for (const DequeFault fault :
       {DequeFault::no_heavy_fence, DequeFault::no_waiting_for_open, DequeFault::bottom_read_before_open,
        DequeFault::no_second_look, DequeFault::no_look_after_lowering, DequeFault::plain_public_pop,
        DequeFault::lowers_split, DequeFault::moves_bottom_first}) {
    const Verdict verdict = DequeModel(fault, 3).run();
    EXPECT_TRUE(verdict == Verdict::taken_twice || verdict == Verdict::lost) << "fault " << static_cast<int>(fault);
  }
  EXPECT_EQ(DequeModel(DequeFault::nothing_published, 3).run(), Verdict::out_of_reach);
}

}  // namespace
}  // namespace baton
