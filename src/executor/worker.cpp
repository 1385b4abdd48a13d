// SPDX-License-Identifier: MIT
#include "worker.hpp"

namespace baton::detail {

constinit thread_local Worker* this_worker = nullptr;

Worker::~Worker() {
  while (cells_ != nullptr) delete std::exchange(cells_, cells_->next);
}

}  // namespace baton::detail
