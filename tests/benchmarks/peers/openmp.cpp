// SPDX-License-Identifier: MIT
// The caller is one of the team. A graph exists only while it runs: each run declares all tasks again; what they depend
// on is laid out before.
#include "../library.hpp"

#include <vector>

namespace bench {
namespace {

/// A task writes a place, which its successors read. One with many successors writes a place for each, as libgomp takes
/// time quadratic in the number of tasks that wait to read the same place.
class OpenMpGraph final : public Graph {
 public:
  OpenMpGraph(int threads, const Shape& shape, Board& board)
      : threads_(threads), board_(board), places_(shape.edges()), tasks_(shape.tasks()) {
    constexpr std::size_t many = 64;
    const char* place = places_.data();
    for (std::uint32_t task = 0; task < shape.tasks(); ++task) {
      std::vector<const char*>& written = tasks_[task].written;
      const auto successors = shape.successors(task);
      for (const std::uint32_t successor : successors) {
        if (written.empty() || successors.size() > many) written.push_back(place++);
        tasks_[successor].read.push_back(written.back());
      }
    }
  }

  void run() override {
#pragma omp parallel num_threads(threads_)
#pragma omp single
    for (std::uint32_t task = 0; task < tasks_.size(); ++task) declare(tasks_[task], {&board_, task});
  }

 private:
  struct Places {
    std::vector<const char*> read;
    std::vector<const char*> written;
  };

  static void declare(const Places& places, Body body) {
    [[maybe_unused]] const char* const* const in = places.read.data();
    [[maybe_unused]] const char* const* const out = places.written.data();
    [[maybe_unused]] const std::size_t ins = places.read.size();
    [[maybe_unused]] const std::size_t outs = places.written.size();
#pragma omp task firstprivate(body) depend(iterator(std::size_t i = 0 : ins), in : *in[i]) \
    depend(iterator(std::size_t i = 0 : outs), out : *out[i])
    body();
  }

  int threads_;
  Board& board_;
  std::vector<char> places_;
  std::vector<Places> tasks_;
};

std::uint64_t fibonacci_inside(unsigned n) {
  if (n < 2) return n;
  std::uint64_t left = 0;
#pragma omp task shared(left) firstprivate(n)
  left = fibonacci_inside(n - 1);
  const std::uint64_t right = fibonacci_inside(n - 2);
#pragma omp taskwait
  return left + right;
}

class OpenMp final : public Library {
 public:
  explicit OpenMp(unsigned threads) : threads_(static_cast<int>(threads)) {}

  std::unique_ptr<Graph> build(const Shape& shape, Board& board) override {
    return std::make_unique<OpenMpGraph>(threads_, shape, board);
  }

  void build_run_destroy(const Shape& shape, Board& board) override {
    if (!ten_tasks_) ten_tasks_ = build(shape, board);
    ten_tasks_->run();
  }

  void submit(std::uint32_t count, Board& board) override {
#pragma omp parallel num_threads(threads_)
#pragma omp single
    for (std::uint32_t task = 0; task < count; ++task) {
#pragma omp task firstprivate(task)
      board.visit(task);
    }
  }

  std::uint64_t fibonacci(unsigned n) override {
    std::uint64_t result = 0;
#pragma omp parallel num_threads(threads_)
#pragma omp single
    result = fibonacci_inside(n);
    return result;
  }

 private:
  int threads_;
  std::unique_ptr<Graph> ten_tasks_;
};

}  // namespace

std::unique_ptr<Library> start_openmp(unsigned threads) { return std::make_unique<OpenMp>(threads); }

}  // namespace bench
