// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "runtime/decode/Scoring.h"
#include "runtime/schema/plan_generated.h"

namespace sinter::runtime {

Scoring::Scoring(const LoadedPlan &plan, std::span<const int32_t> ids,
                 uint32_t first, sinter_logits_callback callback, void *user)
    : plan(plan), input(ids), next(first),
      vocabulary(plan.tables().vocabulary()), callback(callback), user(user) {}

uint32_t Scoring::takeInput(int32_t *ids, uint32_t room) {
  if (enough)
    input.drop();
  return input.take(ids, room);
}

Status Scoring::emitToken(int32_t, bool &) {
  return fail(plan.allocator(), SINTER_CORRUPT,
              "the program 'score' of the plan hands out a token; compile the "
              "model again");
}

Status Scoring::emitLogits(float *rows, uint32_t count, uint32_t stride) {
  // Rows of the buffer are padded, those of the caller are not.
  for (uint32_t i = 1; stride != vocabulary && i < count; ++i)
    memmove(rows + size_t(i) * vocabulary, rows + size_t(i) * stride,
            vocabulary * sizeof(float));
  if (!enough && callback)
    enough = callback(user, next, count, rows) != 0;
  next += count;
  return Status();
}

} // namespace sinter::runtime
