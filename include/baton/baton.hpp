// SPDX-License-Identifier: MIT
#pragma once

// Everything a host needs to describe workflows and run them. Observers and the test kit have headers of their own.

#include <baton/executor/thread_pool.hpp>
#include <baton/graph/workflow.hpp>
#include <baton/scheduler/scheduler.hpp>
