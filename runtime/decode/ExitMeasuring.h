// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef SINTER_RUNTIME_DECODE_EXITMEASURING_H
#define SINTER_RUNTIME_DECODE_EXITMEASURING_H

#include "runtime/decode/Generation.h"
#include "sinter-c/exits.h"

namespace sinter::runtime {

/// One call of `measure_exits`: hands out what every exit says about each
/// position. Nothing leaves.
class ExitMeasuring final : public Host {
public:
  ExitMeasuring(const LoadedPlan &plan, std::span<const int32_t> ids,
                uint32_t first, sinter_exit_callback callback, void *user)
      : plan(plan), input(ids), position(first), callback(callback),
        user(user) {}

  uint32_t takeInput(int32_t *ids, uint32_t room) override;
  Status emitToken(int32_t id, bool &stop) override;
  Status emitLogits(float *rows, uint32_t count, uint32_t stride) override;
  ExitAction decide(uint32_t exit, ProbeWords said, int64_t room,
                    uint32_t position) override;

private:
  const LoadedPlan &plan;
  Input input;
  uint32_t position;
  uint32_t exit = 0; // whose logits come next
  float score = 1;
  sinter_exit_callback callback;
  void *user;
  bool enough = false;
};

} // namespace sinter::runtime
#endif
