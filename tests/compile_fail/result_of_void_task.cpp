// SPDX-License-Identifier: MIT
#include <baton/scheduler/run.hpp>

void look(const baton::Run& run, const baton::Task<void>& task) { run.result(task); }
