// SPDX-License-Identifier: MIT
#include "memory.hpp"

#include <malloc.h>

#include <fstream>
#include <stdexcept>
#include <string>

namespace bench {
namespace {

/// The entry of /proc/self/status called `name`, which is in kB.
std::size_t status_bytes(const std::string& name) {
  std::ifstream status("/proc/self/status");
  std::string key;
  while (status >> key) {
    std::size_t kilobytes = 0;
    if (key == name + ":" && status >> kilobytes) return kilobytes * 1024;
    std::getline(status, key);
  }
  throw std::runtime_error("/proc/self/status has no " + name);
}

}  // namespace

std::size_t resident_bytes() { return status_bytes("VmRSS"); }

std::size_t peak_resident_bytes() { return status_bytes("VmHWM"); }

void reset_peak_resident() { std::ofstream("/proc/self/clear_refs") << 5; }

void release_freed_memory() { malloc_trim(0); }

}  // namespace bench
