// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "runtime/plan/Profiler.h"
#include "runtime/plan/LoadedPlan.h"
#include "runtime/schema/KernelAbi.h"
#include "runtime/schema/plan_generated.h"

namespace sinter::runtime {

Status Profiler::open() {
  bool numbered = plan.tables().kernel_abi() >= SINTER_KERNEL_ABI_STAGES;
  return recorder.open(plan.allocator(), plan.workers().workers(), numbered);
}

int32_t Profiler::layerOf(const Instruction &op) const {
  const auto *bindings = plan.tables().kernels()->Get(op.a)->bindings();
  for (uint32_t i = 0; bindings && i < bindings->size(); ++i) {
    const BindingSource &source = plan.program().bindings[op.b + i];
    if (plan::BindingKind(source.kind) == plan::BindingKind::StatePlane)
      return int32_t(source.layer);
  }
  return -1;
}

void Profiler::run(const Instruction &op, void *const *buffers,
                   const int64_t *scalars, const SeenPositions &seen) {
  recorder.run(plan.workers(), plan.entry(op.a), buffers, scalars);
  const plan::Kernel &kernel = *plan.tables().kernels()->Get(op.a);
  sinter_dispatch dispatch = {};
  dispatch.size = sizeof(dispatch);
  dispatch.kernel = kernel.name() ? kernel.name()->c_str() : "";
  dispatch.layer = layerOf(op);
  dispatch.workers = recorder.workers();
  dispatch.begin_ns = recorder.beginning();
  dispatch.end_ns = recorder.ending();
  dispatch.scalars = scalars;
  dispatch.scalar_count = plan.scalarCount(op.a);
  dispatch.spans = recorder.spans().data();
  dispatch.span_count = recorder.spans().size();
  dispatch.positions = seen.positions;
  dispatch.pairs = seen.pairs;
  callback(user, &dispatch);
}

} // namespace sinter::runtime
