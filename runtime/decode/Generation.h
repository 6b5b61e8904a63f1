// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef SINTER_RUNTIME_DECODE_GENERATION_H
#define SINTER_RUNTIME_DECODE_GENERATION_H

#include "runtime/decode/Exits.h"
#include "runtime/decode/ModelSwitch.h"
#include "runtime/decode/Speculation.h"
#include "runtime/decode/TextStream.h"
#include "runtime/plan/Execute.h"
#include "runtime/plan/LoadedPlan.h"

namespace sinter::runtime {

/// Ids that wait to be taken by a program.
class Input {
public:
  explicit Input(std::span<const int32_t> ids) : waiting(ids) {}
  uint32_t take(int32_t *ids, uint32_t room);
  uint32_t peek(uint64_t from, int32_t *ids, uint32_t room) const;
  size_t size() const { return waiting.size(); }
  void drop() { waiting = {}; }

private:
  std::span<const int32_t> waiting;
};

/// Fills the parameters of function `generate` by their names; a name this
/// runtime does not know is an error.  `out` has kMaxArguments places.
constexpr uint32_t kMaxArguments = 16;
Status generationArguments(const LoadedPlan &plan, uint32_t function,
                           const sinter_generation &options, uint32_t maxNew,
                           uint32_t chunk, int64_t *out);
/// The same for `score`, whose only parameter is "chunk", and `replay`.
Status scoringArguments(const LoadedPlan &plan, uint32_t function,
                        uint32_t chunk, float ffnThreshold, int64_t *out);

/// One call of `generate`: stop conditions, text and figures.
class Generation final : public Host {
public:
  Generation(const LoadedPlan &plan, const sinter_generation &options,
             std::span<const int32_t> prompt, uint32_t limit,
             bool limitIsContext, Speculation &speculation, Exits &exits,
             ModelSwitch &models)
      : plan(plan), options(options), input(prompt), stream(plan.allocator()),
        limit(limit), limitIsContext(limitIsContext), speculation(speculation),
        exits(exits), models(models) {}

  Status open();
  uint32_t takeInput(int32_t *ids, uint32_t room) override;
  uint32_t peekInput(uint64_t from, int32_t *ids,
                     uint32_t room) const override {
    return input.peek(from, ids, room);
  }
  uint64_t waiting() const override { return input.size(); }
  Status emitToken(int32_t id, bool &stop) override;
  Status emitLogits(float *rows, uint32_t count, uint32_t stride) override;
  uint32_t draft(uint32_t drafter, std::span<const int32_t> text,
                 const Recycled &recycled, int32_t *ids,
                 uint32_t most) override;
  const DraftTree *tree() const override { return &speculation.tree(); }
  void propose(uint32_t row, int32_t id) override;
  bool proposeWhile(uint32_t row, int32_t id, const RowFigures &given) override;
  int64_t expand(int32_t *path, int32_t *ids) override {
    return speculation.expand(path, ids);
  }
  void proposeBest(std::span<const int32_t> ids,
                   std::span<const float> behind) override {
    speculation.proposeBest(ids, behind);
  }
  bool endsText(int32_t id) const override { return isStopId(id); }
  int64_t follow(int64_t row, int32_t id) override;
  void observe(int64_t row, int32_t id) override;
  void recycle(std::span<const int32_t> ranked) override {
    speculation.recycle(ranked);
  }
  int64_t chooseModel(float entropy, int64_t behind) override;
  ExitAction decide(uint32_t exit, ProbeWords said, int64_t room,
                    uint32_t position) override;
  void agree(bool same) override;

  /// Completes prompt_tokens, generated_tokens, the times and the reason.
  void report(sinter_statistics &statistics) const;

private:
  bool isStopId(int32_t id) const;
  /// Hands ready text out with `id`; the caller's wish to stop counts.
  void deliver(int32_t id);
  void end(sinter_stop_reason why);

  const LoadedPlan &plan;
  const sinter_generation &options;
  Input input;
  TextStream stream;
  uint32_t limit;
  bool limitIsContext;
  Speculation &speculation;
  Exits &exits;
  ModelSwitch &models;
  bool ended = false;
  sinter_stop_reason reason = SINTER_STOP_CONTEXT;
  uint64_t computed = 0, generated = 0;
  uint64_t started = 0, firstToken = 0, lastToken = 0;
};

} // namespace sinter::runtime
#endif
