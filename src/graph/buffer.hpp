// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <new>
#include <type_traits>
#include <utility>

namespace baton::detail {

/// realloc and free for arrays that may get large: then growing moves pages instead of bytes, and the pages are large
/// ones (of 2 MiB on Linux), so that filling an array does not take a fault each 4 KiB. The sizes are in bytes; that of
/// before is given again.
/// @returns null when there is no memory; what was there is then still there.
void* resize_memory(void* memory, std::size_t old_size, std::size_t size) noexcept;
void free_memory(void* memory, std::size_t size) noexcept;

/// A growing array of trivially copyable elements. Large ones grow by moving pages where the system can (realloc), so
/// that a million elements are neither copied nor there twice.
template <typename T>
class Buffer {
  static_assert(std::is_trivially_copyable_v<T>);

 public:
  Buffer() = default;
  Buffer(const Buffer& other) {
    if (other.size_ == 0) return;
    change_capacity(other.size_);
    std::memcpy(static_cast<void*>(data_), other.data_, other.size_ * sizeof(T));
    size_ = other.size_;
  }
  Buffer(Buffer&& other) noexcept { swap(other); }
  Buffer& operator=(Buffer other) noexcept {
    swap(other);
    return *this;
  }
  ~Buffer() { free_memory(data_, capacity_ * sizeof(T)); }

  void push_back(T element) { grow() = element; }
  [[nodiscard]] bool has_room(std::size_t elements) const noexcept { return capacity_ - size_ >= elements; }
  /// Twice as much as before.
  [[gnu::noinline]] void make_room() { change_capacity(std::max(few, 2 * capacity_)); }
  void push_to_room(T element) noexcept { data_[size_++] = element; }
  /// A new last element, whose value is whatever was in memory.
  T& grow() {
    if (size_ == capacity_) make_room();
    return data_[size_++];
  }
  /// Only for an empty one; the elements are whatever was in memory.
  void resize_uninitialized(std::size_t size) {
    change_capacity(size);
    size_ = size;
  }
  /// Gives back the memory of the elements from `size` on, unless it is little.
  void shrink(std::size_t size) {
    size_ = size;
    if (size != 0 && (capacity_ - size) * sizeof(T) > 1024) change_capacity(size);
  }

  [[nodiscard]] std::size_t size() const noexcept { return size_; }
  [[nodiscard]] bool empty() const noexcept { return size_ == 0; }
  T& operator[](std::size_t index) noexcept { return data_[index]; }
  const T& operator[](std::size_t index) const noexcept { return data_[index]; }
  [[nodiscard]] T* data() noexcept { return data_; }
  [[nodiscard]] const T* data() const noexcept { return data_; }
  [[nodiscard]] T* begin() noexcept { return data_; }
  [[nodiscard]] T* end() noexcept { return data_ + size_; }
  [[nodiscard]] const T* begin() const noexcept { return data_; }
  [[nodiscard]] const T* end() const noexcept { return data_ + size_; }

 private:
  void swap(Buffer& other) noexcept {
    std::swap(data_, other.data_);
    std::swap(size_, other.size_);
    std::swap(capacity_, other.capacity_);
  }
  void change_capacity(std::size_t capacity) {
    void* const grown = resize_memory(static_cast<void*>(data_), capacity_ * sizeof(T), capacity * sizeof(T));
    if (grown == nullptr) throw std::bad_alloc();
    data_ = static_cast<T*>(grown);
    capacity_ = capacity;
  }

  static constexpr std::size_t few = std::max<std::size_t>(512 / sizeof(T), 4);

  T* data_ = nullptr;
  std::size_t size_ = 0;
  std::size_t capacity_ = 0;
};

}  // namespace baton::detail
