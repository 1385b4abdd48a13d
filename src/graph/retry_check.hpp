// SPDX-License-Identifier: MIT
#pragma once

#include <baton/graph/retry.hpp>

namespace baton::detail {

/// @throws UsageError  naming each field of `policy` that makes no sense.
void check_retry(const Retry& policy);
/// @throws UsageError when `limit`, of what `what` says, is not above zero.
void check_limit(Duration limit, const char* what);

}  // namespace baton::detail
