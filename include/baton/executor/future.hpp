// SPDX-License-Identifier: MIT
#pragma once

#include <baton/base/export.hpp>
#include <baton/base/time.hpp>
#include <baton/executor/executor.hpp>

#include <atomic>
#include <cstdint>
#include <exception>
#include <optional>
#include <type_traits>
#include <utility>

namespace baton {

class ThreadPool;

namespace detail {

class Pool;

/// What a submitted function and its Future share. One reference belongs to the pool's queue, one to the Future.
class BATON_API FutureState : public Work {
 public:
  explicit FutureState(const Pool& home) noexcept : home_(&home) {}

  /// Calls the function, unless a waiting worker has done so already, and gives the queue's reference back.
  void run(const Budget& budget) noexcept final;

  [[nodiscard]] bool ready() const noexcept { return (state_.load(std::memory_order_acquire) & ready_bit) != 0; }
  void wait() noexcept;
  [[nodiscard]] bool wait_for(Duration limit) noexcept;
  [[nodiscard]] std::exception_ptr take_error() noexcept { return std::move(error_); }
  void release() noexcept;
  virtual ~FutureState();  // called by release(), or for a function that was refused

 protected:
  /// Calls the function, keeps its result or error, and destroys the function.
  virtual void carry_out() noexcept = 0;

  void keep_error() noexcept { error_ = std::current_exception(); }

 private:
  static constexpr std::uint32_t claimed_bit = 1;  // some thread calls the function, or has
  static constexpr std::uint32_t ready_bit = 2;    // the result is there; nothing changes any more
  static constexpr std::uint32_t awaited_bit = 4;  // somebody sleeps until the result is there

  bool try_carry_out() noexcept;
  [[nodiscard]] bool announce_sleep() noexcept;

  const Pool* home_;
  std::atomic<std::uint32_t> state_{0};
  std::atomic<std::uint32_t> references_{2};
  std::exception_ptr error_;
};

template <typename R>
class ResultState : public FutureState {
 public:
  using FutureState::FutureState;
  [[nodiscard]] R take() { return std::move(*value_); }

 protected:
  template <typename F>
  void fill(F& function) {
    value_.emplace(function());
  }

 private:
  std::optional<R> value_;
};

template <>
class ResultState<void> : public FutureState {
 public:
  using FutureState::FutureState;
  void take() {}

 protected:
  template <typename F>
  void fill(F& function) {
    function();
  }
};

template <typename F, typename R>
class SubmittedFunction final : public ResultState<R> {
 public:
  template <typename G>
  SubmittedFunction(const Pool& home, G&& function)
      : ResultState<R>(home), function_(std::in_place, std::forward<G>(function)) {}

 private:
  void carry_out() noexcept override {
    try {
      this->fill(*function_);
    } catch (...) {
      this->keep_error();
    }
    function_.reset();  // before the result can be seen: a capture may refer to the waiter's stack
  }

  std::optional<F> function_;
};

[[noreturn]] BATON_API void throw_invalid_future(const char* call);

}  // namespace detail

/// The result of a function given to ThreadPool::submit, which may not be there yet.
///
/// Made by `submit` only; a default-constructed or moved-from Future, or one whose result was taken, is not valid.
/// Dropping a Future does not wait: the function runs all the same, and its result or error is dropped with it.
/// A Future may outlive its pool, which runs everything before it ends.
///
/// One thread at a time for each Future.
template <typename R>
class Future {
 public:
  Future() = default;
  /// Takes over; `other` is empty afterwards.
  Future(Future&& other) noexcept : state_(std::exchange(other.state_, nullptr)) {}
  /// The same; the future that was here is dropped.
  Future& operator=(Future&& other) noexcept {
    Future(std::move(other)).swap(*this);
    return *this;
  }
  ~Future() {
    if (state_ != nullptr) state_->release();
  }

  /// Exchanges the two.
  void swap(Future& other) noexcept { std::swap(state_, other.state_); }

  /// Whether there is a result to wait for.
  [[nodiscard]] bool valid() const noexcept { return state_ != nullptr; }

  /// Whether the function has returned or thrown, and its captures are destroyed.
  /// @throws UsageError  this Future is not valid.
  [[nodiscard]] bool ready() const { return state("ready").ready(); }

  /// Blocks until `ready()`.
  ///
  /// On a worker of the pool the function is called right here if no worker has begun it; otherwise a spare thread
  /// takes over for the time of the wait. So a function may wait for what it submitted, on a pool of any size.
  ///
  /// @throws UsageError  this Future is not valid.
  void wait() const { state("wait").wait(); }

  /// Blocks until `ready()`, for `limit` at most; never calls the function itself.
  ///
  /// @returns `ready()`.
  /// @throws UsageError  this Future is not valid.
  [[nodiscard]] bool wait_for(Duration limit) const { return state("wait_for").wait_for(limit); }

  /// Waits as `wait` does and takes the result; this Future is not valid afterwards.
  ///
  /// @throws whatever the function threw.
  /// @throws UsageError  this Future is not valid.
  R get() {
    state("get").wait();
    const Future taken = std::move(*this);
    if (std::exception_ptr error = taken.state_->take_error()) std::rethrow_exception(std::move(error));
    return taken.state_->take();
  }

 private:
  friend ThreadPool;
  explicit Future(detail::ResultState<R>* state) noexcept : state_(state) {}

  detail::FutureState& state(const char* call) const {
    if (state_ == nullptr) detail::throw_invalid_future(call);
    return *state_;
  }

  detail::ResultState<R>* state_ = nullptr;
};

}  // namespace baton
