// SPDX-License-Identifier: MIT
#include "graph/arena.hpp"

#include <algorithm>

namespace baton::detail {

Arena::~Arena() {
  for (auto kept = kept_.rbegin(); kept != kept_.rend(); ++kept) kept->destroy(kept->place);
}

void* Arena::reserve(std::size_t size, std::size_t alignment) {
  if (kept_.size() == kept_.capacity()) kept_.reserve(std::max<std::size_t>(16, 2 * kept_.capacity()));
  void* place = free_;
  std::size_t left = left_;
  if (free_ == nullptr || std::align(alignment, size, place, left) == nullptr) {
    left = std::max(chunk_size, size + alignment);
    chunks_.push_back(std::make_unique_for_overwrite<std::byte[]>(left));
    place = chunks_.back().get();
    std::align(alignment, size, place, left);
  }
  free_ = static_cast<std::byte*>(place) + size;
  left_ = left - size;
  return place;
}

}  // namespace baton::detail
