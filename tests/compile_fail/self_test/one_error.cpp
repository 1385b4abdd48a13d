// SPDX-License-Identifier: MIT
static_assert(sizeof(int) == 0, "baton: as it should be");
