// SPDX-License-Identifier: MIT
#include "words.hpp"

#include <iostream>

int main(int argc, char** argv) {
  const Words words = describe_words({argv + 1, argv + argc});

  baton::ThreadPool pool;
  baton::Scheduler scheduler{pool};
  scheduler.resource("files", 4);

  baton::Inputs inputs;
  inputs.set(words.least, 2);
  const baton::Run run = scheduler.start(words.plan, std::move(inputs));
  for (const auto& [word, count] : run.get(words.frequent)) std::cout << word << ": " << count << '\n';
}
