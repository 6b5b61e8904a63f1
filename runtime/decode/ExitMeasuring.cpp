// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "runtime/decode/ExitMeasuring.h"
#include "runtime/schema/plan_generated.h"

namespace sinter::runtime {

uint32_t ExitMeasuring::takeInput(int32_t *ids, uint32_t room) {
  if (enough)
    input.drop();
  return input.take(ids, room);
}

Status ExitMeasuring::emitToken(int32_t, bool &) {
  return fail(plan.allocator(), SINTER_CORRUPT,
              "the program 'measure_exits' of the plan hands out a token; "
              "compile the model again");
}

ExitAction ExitMeasuring::decide(uint32_t index, ProbeWords said, int64_t,
                                 uint32_t place) {
  score = scoreOf(plan.tables(), index, said, place);
  return ExitAction::GoOn;
}

Status ExitMeasuring::emitLogits(float *rows, uint32_t, uint32_t) {
  if (!enough && callback)
    enough = callback(user, position, exit, score, rows) != 0;
  score = 1;
  if (exit++ == plan.tables().exits()->size()) {
    exit = 0;
    ++position;
  }
  return Status();
}

} // namespace sinter::runtime
