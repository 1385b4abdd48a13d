// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace baton::detail {

/// The cores that a thread may run on; nothing on systems that do not tell.
class Affinity {
 public:
  /// That of the calling thread.
  Affinity();

  /// Sets it for the calling thread. A refusal is ignored: the thread then keeps what it has.
  void apply() const noexcept;

  /// The number of cores, 0 if not known.
  [[nodiscard]] std::size_t core_count() const noexcept;

 private:
  std::vector<unsigned long> mask_;  // one bit a core, as the system wants it
};

/// Names the calling thread `name-index`; cuts `name` where both do not fit what the system keeps.
void set_thread_name(const std::string& name, std::size_t index) noexcept;

}  // namespace baton::detail
