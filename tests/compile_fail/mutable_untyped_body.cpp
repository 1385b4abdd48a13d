// SPDX-License-Identifier: MIT
#include <baton/graph/workflow.hpp>

void add(baton::Workflow& flow) {
  flow.untyped_task("count", baton::type_of<int>(), {}, [n = 0](baton::UntypedCall& call) mutable { call.set(++n); },
                    {});
}
