// SPDX-License-Identifier: MIT
#pragma once

#include <cstdlib>
#include <iostream>

/// Ends the program with a message unless `holds`: what a page of the documentation says must be so.
inline void check(bool holds, const char* file = __builtin_FILE(), int line = __builtin_LINE()) {
  if (holds) return;
  std::cerr << file << ':' << line << ": this does not hold\n";
  std::exit(1);
}

/// Whether `call` throws an `Exception`.
template <typename Exception, typename Call>
bool throws(Call&& call) {
  try {
    call();
  } catch (const Exception&) {
    return true;
  }
  return false;
}
