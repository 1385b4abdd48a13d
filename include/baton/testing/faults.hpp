// SPDX-License-Identifier: MIT
#pragma once

#include <baton/base/export.hpp>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace baton {

/// A place where the engine asks for something that it may not get.
struct FaultPointInfo {
  std::string_view name;  ///< What `Faults` calls it.
  std::string_view what;  ///< What is asked for there, and what becomes of the run without it; a sentence.
};

/// Makes the engine's requests for memory and threads fail, at points that have names: as if `new` had thrown
/// std::bad_alloc, or the system had no thread to give.
///
/// While it lives it counts how often each point is passed, and throws where it was told to. Holds for the whole
/// process, whatever schedulers, pools and clocks there are, so there is one at a time. Thread-safe; runs may go on
/// when it is made, told something, or destroyed.
class BATON_API Faults final {
 public:
  /// Counts from 0; nothing fails yet.
  /// @throws UsageError  there is one already.
  Faults();
  /// Nothing fails any more.
  ~Faults();
  Faults(const Faults&) = delete;
  Faults& operator=(const Faults&) = delete;

  /// All points there are, with what they stand for.
  [[nodiscard]] static std::vector<FaultPointInfo> points();

  /// The pass with that number fails, counted from 1 since the counts were 0. Takes the place of what was asked for
  /// that point before, as the next three do.
  /// @throws UsageError  there is no point of that name, or the number is 0.
  void fail(std::string_view point, std::uint64_t pass);
  /// All passes from `first` to `last` fail.
  /// @throws UsageError  there is no point of that name, `first` is 0, or `last` is below it.
  void fail(std::string_view point, std::uint64_t first, std::uint64_t last);
  /// All passes fail.
  /// @throws UsageError  there is no point of that name.
  void fail_always(std::string_view point);
  /// One in `one_in` passes fails, on average; which of them follows from `seed` and the number of the pass.
  /// @throws UsageError  there is no point of that name, or `one_in` is 0.
  void fail_some(std::string_view point, std::uint64_t one_in, std::uint64_t seed);
  /// No point fails any more, and all counts are 0 again.
  void clear() noexcept;

  /// How often the point was passed, whether it failed or not.
  /// @throws UsageError  there is no point of that name.
  [[nodiscard]] std::uint64_t passes(std::string_view point) const;
  /// How many of these passes failed.
  /// @throws UsageError  there is no point of that name.
  [[nodiscard]] std::uint64_t failed(std::string_view point) const;

 private:
  class Impl;
  const std::unique_ptr<Impl> impl_;
};

}  // namespace baton
