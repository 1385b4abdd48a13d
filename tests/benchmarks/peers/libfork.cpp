// SPDX-License-Identifier: MIT
// Fork and join only. The pool's threads run the bodies, the caller sleeps.
#include <libfork.hpp>

#include "../library.hpp"

#include <stdexcept>

namespace bench {
namespace {

constexpr auto fibonacci_inside = [](auto self, unsigned n) LF_STATIC_CALL -> lf::task<std::uint64_t> {
  if (n < 2) co_return n;
  std::uint64_t left = 0;
  std::uint64_t right = 0;
  co_await lf::fork(&left, self)(n - 1);
  co_await lf::call(&right, self)(n - 2);
  co_await lf::join;
  co_return left + right;
};

class Libfork final : public Library {
 public:
  explicit Libfork(unsigned threads) : pool_(threads) {}

  std::unique_ptr<Graph> build(const Shape&, Board&) override { throw std::logic_error("libfork has no graphs"); }
  std::uint64_t fibonacci(unsigned n) override { return lf::sync_wait(pool_, fibonacci_inside, n); }

 private:
  lf::lazy_pool pool_;
};

}  // namespace

std::unique_ptr<Library> start_libfork(unsigned threads) { return std::make_unique<Libfork>(threads); }

}  // namespace bench
