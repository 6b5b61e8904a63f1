// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef SINTER_RUNTIME_DECODE_BATCHSTEP_H
#define SINTER_RUNTIME_DECODE_BATCHSTEP_H

#include "runtime/plan/Execute.h"
#include "runtime/plan/LoadedPlan.h"
#include "runtime/state/Batch.h"

namespace sinter::runtime {

/// One call of `step`: hands out the logits of the rows that want them.
class BatchStep final : public Host {
public:
  BatchStep(const LoadedPlan &plan, const Batch &batch,
            sinter_row_callback callback, void *user)
      : plan(plan), batch(batch), callback(callback), user(user) {}

  uint32_t takeInput(int32_t *, uint32_t) override { return 0; }
  Status emitToken(int32_t id, bool &stop) override;
  Status emitLogits(float *rows, uint32_t count, uint32_t stride) override;

private:
  const LoadedPlan &plan;
  const Batch &batch;
  sinter_row_callback callback;
  void *user;
  int64_t last = -1; // row whose logits were handed out
  bool enough = false;
};

} // namespace sinter::runtime
#endif
