// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "runtime/decode/BatchStep.h"

namespace sinter::runtime {

Status BatchStep::emitToken(int32_t, bool &) {
  return fail(plan.allocator(), SINTER_CORRUPT,
              "the program 'step' of the plan hands out a token; compile the "
              "model again");
}

Status BatchStep::emitLogits(float *rows, uint32_t count, uint32_t stride) {
  for (uint32_t i = 0; i < count; ++i) {
    last = batch.nextWanted(last);
    if (last < 0)
      return fail(plan.allocator(), SINTER_CORRUPT,
                  "the program 'step' of the plan hands out more logits than "
                  "were wanted; compile the model again");
    if (!enough && callback)
      enough = callback(user, size_t(last), rows + size_t(i) * stride) != 0;
  }
  return Status();
}

} // namespace sinter::runtime
