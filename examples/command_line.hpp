// SPDX-License-Identifier: MIT
#pragma once

#include <charconv>
#include <cstddef>
#include <exception>
#include <iostream>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

namespace examples {

/// The command line is wrong: the program says so and ends with 2.
class WrongCommandLine : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// The words of a command line. Ask for each option, which takes it out, then for the rest.
class CommandLine {
 public:
  CommandLine(int count, const char* const* words) : words_(words + 1, words + count) {
    for (std::size_t i = 0; i < words_.size(); ++i) {
      if (words_[i] != "--") continue;
      // What follows is no option, whatever it looks like.
      plain_.assign(words_.begin() + static_cast<std::ptrdiff_t>(i) + 1, words_.end());
      words_.resize(i);
      break;
    }
  }

  /// Whether `--name` was given.
  bool flag(std::string_view name) { return std::erase(words_, name) > 0; }

  /// The value of `--name VALUE` or `--name=VALUE`.
  std::optional<std::string> value(const std::string& name) {
    std::optional<std::string> found;
    for (std::size_t i = 0; i < words_.size();) {
      const bool joined = words_[i].starts_with(name + '=');
      if (words_[i] != name && !joined) {
        ++i;
        continue;
      }
      if (found) throw WrongCommandLine(name + " is given twice");
      if (!joined && (i + 1 == words_.size() || words_[i + 1].starts_with("--"))) {
        throw WrongCommandLine(name + " needs a value");
      }
      found = joined ? words_[i].substr(name.size() + 1) : words_[i + 1];
      if (found->empty()) throw WrongCommandLine(name + " needs a value");
      const auto from = words_.begin() + static_cast<std::ptrdiff_t>(i);
      words_.erase(from, from + (joined ? 1 : 2));
    }
    return found;
  }

  /// The value of `--name`, a number from `least` on that `Number` can hold.
  template <typename Number>
  std::optional<Number> number(const std::string& name, Number least) {
    const auto text = value(name);
    if (!text) return std::nullopt;
    Number number{};
    const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), number);
    // A comparison that NaN fails too.
    if (error != std::errc{} || end != text->data() + text->size() || !(number >= least)) {
      throw WrongCommandLine(name + " takes a number" + (least > Number{} ? " above 0" : "") + ", not '" + *text + "'");
    }
    return number;
  }

  /// What is left once all options have been asked for, at most `most` words.
  std::vector<std::string> rest(std::size_t most) {
    for (const std::string& word : words_) {
      if (word.starts_with('-') && word != "-") throw WrongCommandLine("there is no option '" + word + "'");
    }
    std::vector<std::string> all = std::move(words_);
    all.insert(all.end(), plain_.begin(), plain_.end());
    if (all.size() > most) throw WrongCommandLine("there is nothing to be done with '" + all[most] + "'");
    return all;
  }

 private:
  std::vector<std::string> words_;
  std::vector<std::string> plain_;
};

/// A program of the command line.
struct Program {
  std::string_view name;
  std::string help;
  std::string error_prefix = std::string(name) + ": ";  ///< Before what went wrong while it ran.
};

/// What `main` does: prints the help on `--help`, or else calls `run(CommandLine)` and returns what that does; 2 and 1
/// for a wrong command line and for any other error, with a line on stderr.
template <typename Run>
int run_program(const Program& program, int count, const char* const* words, Run&& run) {
  try {
    CommandLine line(count, words);
    if (line.flag("--help")) {
      std::cout << program.help;
      return 0;
    }
    return run(std::move(line));
  } catch (const WrongCommandLine& error) {
    std::cerr << program.name << ": " << error.what() << "\n`" << program.name << " --help` tells more.\n";
    return 2;
  } catch (const std::exception& error) {
    std::cerr << program.error_prefix << error.what() << '\n';
    return 1;
  }
}

}  // namespace examples
