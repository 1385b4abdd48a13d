// SPDX-License-Identifier: MIT
#pragma once

#include "board.hpp"
#include "shape.hpp"

#include <cstdint>
#include <memory>
#include <span>
#include <string>

namespace bench {

/// A graph that a library has built. Its bodies are `Body`.
class Graph {
 public:
  virtual ~Graph() = default;
  /// Runs it to its end.
  virtual void run() = 0;
  /// The same; where the library can do that at choice, the calling thread works along.
  virtual void run_along() { run(); }
};

/// A library, with the threads that it has started.
class Library {
 public:
  virtual ~Library() = default;
  /// Declares the tasks and edges of `shape`, which outlives the graph, and builds it.
  virtual std::unique_ptr<Graph> build(const Shape& shape, Board& board) = 0;
  /// Builds, runs along and destroys a graph of ten tasks, as a user would write it.
  virtual void build_run_destroy(const Shape& shape, Board& board);
  /// Hands over that many bodies, one after the other, and waits for all.
  virtual void submit(std::uint32_t count, Board& board);
  /// The same by the call that gives a future, and waits for all futures.
  virtual void submit_for_futures(std::uint32_t count, Board& board);
  /// A Fibonacci number, by a task for each call of which there are two.
  virtual std::uint64_t fibonacci(unsigned n);
  /// Runs a body for each of that many elements, known only as the run goes on, and keeps their results.
  virtual void map(std::uint32_t count, Board& board);
};

/// What a library can do; each case asks for one.
enum Ability : unsigned {
  graphs = 1,
  ten_task_graphs = 2,
  submitting = 4,
  submitting_for_futures = 8,
  forking = 16,
  values = 32,     ///< Shows what values on edges cost.
  observing = 64,  ///< Shows what it costs to watch runs.
  mapping = 128,
};

/// A row of the table.
struct LibraryInfo {
  std::string name;
  /// Its commit or version; empty in further rows of the same library.
  std::string version;
  unsigned abilities;
  /// Starts it so that at most `threads` threads run bodies at any time; null when it was not there to be compiled in.
  std::unique_ptr<Library> (*start)(unsigned threads);
  unsigned max_threads = 2;
  /// Whether graphs exist only while they run; `build` then does nothing, and `run` builds and runs.
  bool dynamic = false;
};

/// All rows, baton first.
std::span<const LibraryInfo> libraries();

}  // namespace bench
