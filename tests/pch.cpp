// SPDX-License-Identifier: MIT
// Gives the precompiled header a target to live in.
