// SPDX-License-Identifier: MIT
#pragma once

#include "cases.hpp"
#include "library.hpp"

#include <benchmark/benchmark.h>

#include <map>
#include <string>
#include <utility>
#include <vector>

namespace bench {

/// Collects the results and prints them as one table at the end: medians, and how they relate to baton's.
class Table final : public benchmark::BenchmarkReporter {
 public:
  explicit Table(std::vector<Case> cases) : cases_(std::move(cases)) {}

  bool ReportContext(const Context& context) override;
  void ReportRuns(const std::vector<Run>& runs) override;
  void Finalize() override;

  /// Whether a check failed.
  [[nodiscard]] bool failed() const { return failed_; }

 private:
  struct Row {
    std::map<std::string, std::vector<double>> figures;  // by counter, one a repetition
    std::string error;
  };

  void print_library(const Case& block, const LibraryInfo& library) const;
  [[nodiscard]] const Row* find(const Case& block, const LibraryInfo& library, unsigned threads) const;

  std::vector<Case> cases_;
  std::map<std::string, Row> rows_;  // by case/library/threads
  bool failed_ = false;
};

}  // namespace bench
