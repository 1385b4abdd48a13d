// SPDX-License-Identifier: MIT
#include "line_file.hpp"

#include <baton/observe/text.hpp>

#include <stdexcept>
#include <utility>

namespace saga {

LineFile::LineFile(fs::path path) : path_(std::move(path)), file_(path_, std::ios::binary) {
  if (!file_) throw std::runtime_error(baton::one_line(path_.string()) + ": cannot be opened for writing");
}

void LineFile::add(std::string_view text) {
  const std::lock_guard lock{mutex_};
  file_ << text << '\n' << std::flush;
  if (!file_) throw std::runtime_error(baton::one_line(path_.string()) + ": cannot be written");
}

}  // namespace saga
