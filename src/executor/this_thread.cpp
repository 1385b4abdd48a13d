// SPDX-License-Identifier: MIT
#include "this_thread.hpp"

#include <algorithm>
#include <bit>

#if defined(__linux__)
#include <pthread.h>
#include <sched.h>
#include <sys/syscall.h>
#include <unistd.h>
#endif

namespace baton::detail {

Affinity::Affinity() {
#if defined(__linux__)
  // The system call tells how many bytes it filled; the C library's function does not, and has a fixed size.
  for (std::size_t words = 16; words <= 4096; words *= 2) {
    mask_.assign(words, 0);
    const long bytes = syscall(SYS_sched_getaffinity, 0, words * sizeof(unsigned long), mask_.data());
    if (bytes > 0) {
      mask_.resize(static_cast<std::size_t>(bytes) / sizeof(unsigned long));
      return;
    }
  }
  mask_.clear();
#endif
}

void Affinity::apply() const noexcept {
#if defined(__linux__)
  if (!mask_.empty()) syscall(SYS_sched_setaffinity, 0, mask_.size() * sizeof(unsigned long), mask_.data());
#endif
}

std::size_t Affinity::core_count() const noexcept {
  std::size_t count = 0;
  for (const unsigned long word : mask_) count += static_cast<std::size_t>(std::popcount(word));
  return count;
}

void set_thread_name(const std::string& name, std::size_t index) noexcept {
#if defined(__linux__)
  constexpr std::size_t longest = 15;
  char digits[24] = {};
  std::size_t first = sizeof digits - 1;
  do {
    digits[--first] = static_cast<char>('0' + index % 10);
    index /= 10;
  } while (index != 0);
  digits[--first] = '-';
  const std::size_t suffix = std::min(sizeof digits - 1 - first, longest);
  const std::size_t prefix = std::min(name.size(), longest - suffix);
  char text[longest + 1] = {};
  std::copy_n(name.data(), prefix, text);
  std::copy_n(digits + first, suffix, text + prefix);
  pthread_setname_np(pthread_self(), text);
#else
  static_cast<void>(name);
  static_cast<void>(index);
#endif
}

}  // namespace baton::detail
