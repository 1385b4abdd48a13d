// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <vector>

namespace baton::detail {

class Definition;

/// What is wrong with the names, the wiring and the sub-workflows of `definition`, and what was wrong with the calls
/// that described it; a sentence each. Cycles are found later, while the tasks are put into order.
std::vector<std::string> check_definition(const Definition& definition);

}  // namespace baton::detail
