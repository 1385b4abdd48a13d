// SPDX-License-Identifier: MIT
int baton_is = nowhere;
