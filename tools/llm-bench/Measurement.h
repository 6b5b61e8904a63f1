// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// One prompt that is answered again and again.
#ifndef SINTER_TOOLS_LLMBENCH_MEASUREMENT_H
#define SINTER_TOOLS_LLMBENCH_MEASUREMENT_H

#include "tools/llm-bench/Workload.h"

#include <optional>

namespace sinter::tools {

/// An answer and how long it took.
struct Answer {
  std::vector<int32_t> ids;
  double nanoseconds;
  Speculation figures;
  Exits exits;
  Switching switching;
  double layersSaved, ffnsSaved; ///< as in PromptResult
};

/// One prompt, computed once; twice where the plan leaves layers of it out.
class Measurement {
public:
  /// `depth`: of the answers with drafts; 0: the plan chooses. `most`: rows
  /// of the forwards after enter().
  Measurement(const Plan &plan, std::vector<int32_t> prompt, uint32_t newTokens,
              uint32_t depth = 0, uint32_t most = 0);
  /// In a session of its own; without drafts all layers and blocks for every
  /// token. `draftTokens`: as in Generation.
  Answer run(double temperature, bool drafts, uint32_t draftTokens = 0);
  /// The same, to be timed. Where nothing is drafted, answers go on behind
  /// their end: those that less than the whole model gives end elsewhere, and
  /// the first tokens of a text take longer than later ones.
  Answer runTimed(double temperature, bool drafts, uint32_t draftTokens = 0);
  bool goesOn() const { return !drafts; }
  /// Goes to the middle of an answer, from where forwards will be timed:
  /// attention costs what it does there on average.
  void enter(const std::vector<int32_t> &answer);
  /// Nanoseconds of a forward of `rows` rows there, with all their logits.
  double forwardNs(uint32_t rows);
  /// Of an answer to the prompt that another rule or fewer layers gave; it may
  /// be empty.
  Likeness likeness(const std::vector<int32_t> &answer);

private:
  Session read(const Plan &plan, uint32_t depth);
  Session &plain() { return whole ? *whole : base; }

  std::vector<int32_t> ids;
  bool drafts;
  uint32_t most;
  uint32_t context; ///< room for an answer, and for `most` rows
  Generation generation;
  Session base;
  std::optional<Session> whole;  ///< all layers, where `base` has not
  std::optional<Session> inside; ///< of an answer
  std::vector<int32_t> next;     ///< ids that may come there
};

inline constexpr char kNoneCounts[] =
    "every answer falls into a loop or is a single token";

/// With drafts and without, who is first in turns; `between` every two answers
/// something else may be timed.
PromptResult measurePrompt(
    Measurement &prompt, const std::string &name, double temperature,
    uint32_t draftTokens, uint32_t repetitions,
    const std::function<void()> &between = [] {});

} // namespace sinter::tools

#endif
