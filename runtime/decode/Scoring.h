// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef SINTER_RUNTIME_DECODE_SCORING_H
#define SINTER_RUNTIME_DECODE_SCORING_H

#include "runtime/decode/Generation.h"

namespace sinter::runtime {

/// One call of `score`: hands out the logits of each position.  When the
/// caller has seen enough no more input is taken, so that the program ends at
/// the end of its chunk.
class Scoring final : public Host {
public:
  Scoring(const LoadedPlan &plan, std::span<const int32_t> ids, uint32_t first,
          sinter_logits_callback callback, void *user);

  uint32_t takeInput(int32_t *ids, uint32_t room) override;
  uint32_t peekInput(uint64_t from, int32_t *ids,
                     uint32_t room) const override {
    return input.peek(from, ids, room);
  }
  uint64_t waiting() const override { return input.size(); }
  Status emitToken(int32_t id, bool &stop) override;
  Status emitLogits(float *rows, uint32_t count, uint32_t stride) override;

private:
  const LoadedPlan &plan;
  Input input;
  uint32_t next; // position of the next row
  uint32_t vocabulary;
  sinter_logits_callback callback;
  void *user;
  bool enough = false;
};

} // namespace sinter::runtime
#endif
