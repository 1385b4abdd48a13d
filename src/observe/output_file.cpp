// SPDX-License-Identifier: MIT
#include "observe/output_file.hpp"

#include <baton/base/error.hpp>
#include <baton/observe/text.hpp>

#include <cerrno>
#include <system_error>

namespace baton::detail {

std::ofstream open_output(const std::string& what, const std::string& path) {
  errno = 0;
  std::ofstream file(path, std::ios::binary | std::ios::trunc);
  if (!file) {
    const int error = errno;
    std::string message = what + " '" + one_line(path) + "': cannot be opened for writing";
    if (error != 0) message += ": " + std::generic_category().message(error);
    throw Error(message);
  }
  return file;
}

}  // namespace baton::detail
