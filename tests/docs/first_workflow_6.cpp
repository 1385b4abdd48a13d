// SPDX-License-Identifier: MIT
#include <baton/baton.hpp>

#include <fstream>
#include <iostream>
#include <iterator>
#include <map>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

using Counts = std::map<std::string, int>;

std::string read_file(const std::string& path) {
  std::ifstream file(path);
  if (!file) throw std::runtime_error("cannot open " + path);
  return std::string(std::istreambuf_iterator<char>(file), {});
}

Counts count_words(const std::string& text) {
  Counts counts;
  std::istringstream words(text);
  for (std::string word; words >> word;) ++counts[word];
  return counts;
}

Counts add_up(baton::Values<Counts> parts) {
  Counts total;
  for (const Counts& part : parts) {
    for (const auto& [word, count] : part) total[word] += count;
  }
  return total;
}

Counts select_frequent(const Counts& all, int least) {
  Counts frequent;
  for (const auto& [word, count] : all) {
    if (count >= least) frequent[word] = count;
  }
  return frequent;
}

int main(int argc, char** argv) {
  const std::vector<std::string> paths(argv + 1, argv + argc);

  baton::Workflow flow{"words"};
  std::vector<baton::Task<Counts>> parts;
  for (const std::string& path : paths) {
    auto text = flow.task([path] { return read_file(path); });
    parts.push_back(flow.task(count_words, text));
  }
  auto total = flow.task("add up", add_up, parts);
  auto least = flow.input<int>("least", 1);
  auto frequent = flow.task("select", select_frequent, total, least);
  const baton::Plan plan = flow.build();

  baton::ThreadPool pool;
  baton::Scheduler scheduler{pool};

  baton::Inputs twice;
  twice.set(least, 2);
  baton::Inputs often;
  often.set(least, 5);
  const baton::Run first = scheduler.start(plan, std::move(twice));
  const baton::Run second = scheduler.start(plan, std::move(often));
  std::cout << first.get(frequent).size() << " words stand there at least twice, " << second.get(frequent).size()
            << " five times\n";
}
