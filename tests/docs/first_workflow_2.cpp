// SPDX-License-Identifier: MIT
#include <baton/baton.hpp>

#include <iostream>
#include <map>
#include <sstream>
#include <string>

using Counts = std::map<std::string, int>;

Counts count_words(const std::string& text) {
  Counts counts;
  std::istringstream words(text);
  for (std::string word; words >> word;) ++counts[word];
  return counts;
}

int main() {
  baton::Workflow flow{"words"};
  auto text = flow.task("read", [] { return std::string("one two three two"); });
  auto counts = flow.task("count", count_words, text);

  baton::Run run = baton::run(flow);
  for (const auto& [word, count] : run.get(counts)) std::cout << word << ": " << count << '\n';
}
