// SPDX-License-Identifier: MIT
#include "graph/buffer.hpp"

#include <algorithm>
#include <cstdlib>

#ifdef __linux__
#include <sys/mman.h>
#endif

namespace baton::detail {

#ifdef __linux__

namespace {

constexpr std::size_t large_page = std::size_t{2} << 20;
constexpr std::size_t large = 2 * large_page - large_page / 4;  // from here on little of two pages is wasted

constexpr std::size_t whole_pages(std::size_t size) { return (size + large_page - 1) / large_page * large_page; }

void* map(std::size_t size) noexcept {
  void* const memory = mmap(nullptr, whole_pages(size), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) return nullptr;
  madvise(memory, whole_pages(size), MADV_HUGEPAGE);  // advice: it does not matter whether it is taken
  return memory;
}

}  // namespace

void* resize_memory(void* memory, std::size_t old_size, std::size_t size) noexcept {
  if (old_size < large && size < large) return std::realloc(memory, size);
  if (old_size >= large && size >= large) {
    void* const moved = mremap(memory, whole_pages(old_size), whole_pages(size), MREMAP_MAYMOVE);
    return moved == MAP_FAILED ? nullptr : moved;
  }
  void* const other = size < large ? std::malloc(size) : map(size);
  if (other == nullptr || memory == nullptr) return other;
  std::memcpy(other, memory, std::min(old_size, size));
  free_memory(memory, old_size);
  return other;
}

void free_memory(void* memory, std::size_t size) noexcept {
  if (size < large) {
    std::free(memory);
  } else {
    munmap(memory, whole_pages(size));
  }
}

#else

void* resize_memory(void* memory, std::size_t, std::size_t size) noexcept { return std::realloc(memory, size); }
void free_memory(void* memory, std::size_t) noexcept { std::free(memory); }

#endif

}  // namespace baton::detail
