// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "runtime/decode/Generation.h"
#include "runtime/base/Clock.h"
#include "runtime/schema/plan_generated.h"

#include <bit>

namespace sinter::runtime {

namespace {
/// A float as a program sees it.
int64_t bitsOf(float value) { return int64_t(std::bit_cast<uint32_t>(value)); }

struct NamedValue {
  std::string_view name;
  int64_t value;
};

Status fillArguments(const LoadedPlan &plan, uint32_t function,
                     std::span<const NamedValue> values, int64_t *out) {
  const auto *params = plan.tables().functions()->Get(function)->params();
  for (uint32_t i = 0; params && i < params->size(); ++i) {
    std::string_view wanted = params->Get(i)->string_view();
    const NamedValue *found = nullptr;
    for (const NamedValue &value : values)
      if (value.name == wanted)
        found = &value;
    if (!found || i >= kMaxArguments)
      return fail(plan.allocator(), SINTER_VERSION,
                  "function '%s' of the plan wants a parameter '%.*s' that "
                  "this runtime does not know; use a newer runtime",
                  plan.tables().functions()->Get(function)->name()->c_str(),
                  int(wanted.size()), wanted.data());
    out[i] = found->value;
  }
  return Status();
}
/// A program takes 0 for the plan's own, by its bits: those of -0 are others.
int64_t thresholdBits(float threshold) {
  return bitsOf(threshold == 0 ? 0.0f : threshold);
}
} // namespace

uint32_t Input::peek(uint64_t from, int32_t *ids, uint32_t room) const {
  if (from >= waiting.size())
    return 0;
  uint64_t left = waiting.size() - from;
  uint32_t count = left < room ? uint32_t(left) : room;
  memcpy(ids, waiting.data() + from, count * sizeof(int32_t));
  return count;
}

uint32_t Input::take(int32_t *ids, uint32_t room) {
  uint32_t count = peek(0, ids, room);
  waiting = waiting.subspan(count);
  return count;
}

Status generationArguments(const LoadedPlan &plan, uint32_t function,
                           const sinter_generation &options, uint32_t maxNew,
                           uint32_t chunk, int64_t *out) {
  const sinter_sampling &sampling = options.sampling;
  float ffnThreshold = options.no_early_exit ? 1 : options.exit_threshold;
  const NamedValue values[] = {
      {"max_new", maxNew},
      {"chunk", chunk},
      {"seed", int64_t(sampling.seed)},
      {"temperature", bitsOf(sampling.temperature)},
      {"top_k", sampling.top_k},
      {"top_p", bitsOf(sampling.top_p)},
      {"min_p", bitsOf(sampling.min_p)},
      {"penalty", bitsOf(sampling.repetition_penalty)},
      {"window", sampling.repetition_window},
      {"ffn_threshold", thresholdBits(ffnThreshold)},
  };
  return fillArguments(plan, function, values, out);
}

Status scoringArguments(const LoadedPlan &plan, uint32_t function,
                        uint32_t chunk, float ffnThreshold, int64_t *out) {
  const NamedValue values[] = {{"chunk", chunk},
                               {"ffn_threshold", thresholdBits(ffnThreshold)}};
  return fillArguments(plan, function, values, out);
}

Status Generation::open() {
  started = nanoseconds();
  speculation.begin(options.draft_tokens, plan.tables().costs(),
                    !options.no_timing);
  exits.begin(options.exit_threshold);
  models.begin(options.switch_bits, options.no_speculation);
  return stream.open(options.stop, options.stop_count, plan.longestPiece());
}

uint32_t Generation::takeInput(int32_t *ids, uint32_t room) {
  uint32_t count = input.take(ids, room);
  computed += count;
  return count;
}

Status Generation::emitLogits(float *, uint32_t, uint32_t) {
  return fail(plan.allocator(), SINTER_CORRUPT,
              "the program 'generate' of the plan hands out logits; compile "
              "the model again");
}

uint32_t Generation::draft(uint32_t drafter, std::span<const int32_t> text,
                           const Recycled &recycled, int32_t *ids,
                           uint32_t most) {
  return speculation.draft(plan.tables(), drafter, text, recycled, ids, most);
}

void Generation::propose(uint32_t row, int32_t id) {
  speculation.propose(row, id);
}

bool Generation::proposeWhile(uint32_t row, int32_t id,
                              const RowFigures &given) {
  return speculation.proposeWhile(row, id, given);
}

int64_t Generation::follow(int64_t row, int32_t id) {
  return speculation.follow(row, id);
}

void Generation::observe(int64_t row, int32_t id) {
  speculation.observe(row, id);
}

/// A text never ends within a character.
ExitAction Generation::decide(uint32_t exit, ProbeWords said, int64_t room,
                              uint32_t position) {
  ExitAction action =
      exits.decide(plan.tables(), exit, said, room, position, generated);
  if (action != ExitAction::Stop)
    return action;
  if (stream.inCharacter())
    return ExitAction::GoOn;
  end(SINTER_STOP_HOPELESS);
  // What was held back for a stop string: that will not come.
  (void)stream.finish();
  if (!stream.ready().empty())
    deliver(-1);
  return action;
}

int64_t Generation::chooseModel(float entropy, int64_t behind) {
  return models.choose(*plan.tables().model_switch(), entropy, behind);
}

void Generation::agree(bool same) { exits.agree(same); }

bool Generation::isStopId(int32_t id) const {
  if (options.ignore_stop_ids)
    return false;
  if (plan.tokenizer.isOpen() && id == plan.tokenizer.eos())
    return true;
  const auto *defaults = plan.tables().defaults();
  if (defaults && defaults->stop_ids())
    for (int32_t stop : *defaults->stop_ids())
      if (id == stop)
        return true;
  return false;
}

Status Generation::emitToken(int32_t id, bool &stop) {
  lastToken = nanoseconds();
  if (plan.tables().model_switch())
    models.drawn();
  if (generated == 0)
    firstToken = lastToken;
  if (isStopId(id)) {
    end(SINTER_STOP_ID);
    SINTER_TRY(stream.finish());
    if (!stream.ready().empty())
      deliver(-1);
  } else {
    ++generated;
    bool visible = plan.tokenizer.isOpen() && !plan.tokenizer.isControl(id);
    SINTER_TRY(
        stream.add(visible ? plan.tokenizer.piece(id) : std::string_view()));
    if (stream.stopped()) {
      end(SINTER_STOP_STRING);
    } else if (generated >= limit) {
      end(limitIsContext ? SINTER_STOP_CONTEXT : SINTER_STOP_MAX_TOKENS);
      SINTER_TRY(stream.finish());
    }
    deliver(id);
  }
  stop = ended;
  return Status();
}

void Generation::deliver(int32_t id) {
  std::string_view text = stream.ready();
  bool enough = options.callback &&
                options.callback(options.user, id, text.data(), text.size());
  if (enough && !ended)
    end(SINTER_STOP_CALLBACK);
  stream.consume();
}

void Generation::end(sinter_stop_reason why) {
  ended = true;
  reason = why;
}

void Generation::report(sinter_statistics &statistics) const {
  statistics.prompt_tokens = computed;
  statistics.generated_tokens = generated;
  uint64_t now = nanoseconds();
  uint64_t first = firstToken ? firstToken : now;
  statistics.prefill_ns = first - started;
  statistics.decode_ns = firstToken ? lastToken - firstToken : 0;
  statistics.stop = reason;
}

} // namespace sinter::runtime
