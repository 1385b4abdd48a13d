// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdlib>

namespace baton::test {

/// BATON_TEST_SCALE: how many times the usual sizes and repeats a test shall do. 1 unless set.
inline std::size_t scale() {
  const char* text = std::getenv("BATON_TEST_SCALE");
  const unsigned long value = text == nullptr ? 1 : std::strtoul(text, nullptr, 10);
  return value == 0 ? 1 : value;
}

inline std::size_t scaled(std::size_t size) { return size * scale(); }

}  // namespace baton::test
