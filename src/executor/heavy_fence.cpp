// SPDX-License-Identifier: MIT
#include "heavy_fence.hpp"

#if defined(__linux__)
#include <linux/membarrier.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#endif

namespace baton::detail {

#if defined(__linux__) && defined(SYS_membarrier)

namespace {

bool enroll() noexcept { return syscall(SYS_membarrier, MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED, 0, 0) == 0; }

// When the program starts, since with threads running this call takes milliseconds. Read before that it is false, and
// nobody relies on the fence.
const bool enrolled = enroll();

}  // namespace

bool has_heavy_fence() noexcept { return enrolled; }

void heavy_fence() noexcept {
  std::atomic_thread_fence(std::memory_order_seq_cst);
  while (syscall(SYS_membarrier, MEMBARRIER_CMD_PRIVATE_EXPEDITED, 0, 0) != 0) {
    if (errno == ENOMEM) continue;  // for the moment
    std::fprintf(stderr,
                 "baton: membarrier(2) fails with error %d although it worked before: allow it in the filter of system "
                 "calls that the process has got since\n",
                 errno);
    std::abort();
  }
}

#else

bool has_heavy_fence() noexcept { return false; }
void heavy_fence() noexcept {}

#endif

}  // namespace baton::detail
