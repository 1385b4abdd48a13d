// SPDX-License-Identifier: MIT
#pragma once

#include <fstream>
#include <string>

namespace baton::detail {

/// Opens `path` for writing, emptied.
/// @throws Error naming `what`, the path and the cause.
std::ofstream open_output(const std::string& what, const std::string& path);

}  // namespace baton::detail
