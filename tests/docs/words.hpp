// SPDX-License-Identifier: MIT
#pragma once

#include <baton/baton.hpp>

#include <fstream>
#include <iterator>
#include <map>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

using Counts = std::map<std::string, int>;

inline std::string read_file(const std::string& path) {
  std::ifstream file(path);
  if (!file) throw std::runtime_error("cannot open " + path);
  return std::string(std::istreambuf_iterator<char>(file), {});
}

inline Counts count_words(baton::Context& context, const std::string& text) {
  Counts counts;
  std::istringstream words(text);
  for (std::string word; words >> word;) {
    ++counts[word];
    context.throw_if_stopped();
  }
  return counts;
}

inline Counts add_up(baton::Values<Counts> parts) {
  Counts total;
  for (const Counts& part : parts) {
    for (const auto& [word, count] : part) total[word] += count;
  }
  return total;
}

inline Counts select_frequent(const Counts& all, int least) {
  Counts frequent;
  for (const auto& [word, count] : all) {
    if (count >= least) frequent[word] = count;
  }
  return frequent;
}

/// The workflow, and the handles that a program needs to run it.
struct Words {
  baton::Plan plan;
  baton::Input<int> least;
  baton::Task<Counts> frequent;
};

inline Words describe_words(const std::vector<std::string>& paths) {
  baton::Workflow flow{"words"};
  std::vector<baton::Task<Counts>> parts;
  for (std::size_t i = 0; i < paths.size(); ++i) {
    const std::string number = std::to_string(i + 1);
    auto text = flow.task("read " + number, [path = paths[i]] { return read_file(path); }).resource("files");
    parts.push_back(flow.task("count " + number, count_words, text));
  }
  auto total = flow.task("add up", add_up, parts);
  auto least = flow.input<int>("least", 1);
  auto frequent = flow.task("select", select_frequent, total, least);
  return {std::move(flow).build(), least, frequent};
}
