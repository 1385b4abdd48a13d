// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <memory>
#include <vector>

namespace baton::detail {

/// Memory for bodies that do not fit into their task's record; ends them all at once. One thread at a time.
class Arena {
 public:
  Arena() = default;
  Arena(const Arena&) = delete;
  Arena& operator=(const Arena&) = delete;
  ~Arena();

  /// Uninitialised memory, and room to remember how it ends, so that `keep` cannot fail.
  void* reserve(std::size_t size, std::size_t alignment);
  /// Remembers that `destroy(place)` ends what was constructed in the memory reserved last.
  void keep(void* place, void (*destroy)(void*) noexcept) noexcept { kept_.push_back({place, destroy}); }

 private:
  static constexpr std::size_t chunk_size = 16384;
  struct Kept {
    void* place;
    void (*destroy)(void*) noexcept;
  };
  std::vector<std::unique_ptr<std::byte[]>> chunks_;
  std::byte* free_ = nullptr;
  std::size_t left_ = 0;
  std::vector<Kept> kept_;
};

}  // namespace baton::detail
