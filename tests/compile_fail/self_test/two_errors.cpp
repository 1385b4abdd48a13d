// SPDX-License-Identifier: MIT
static_assert(sizeof(int) == 0, "baton: first");
static_assert(sizeof(int) == 0, "baton: second");
