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
};

/// One prompt, computed once.
class Measurement {
public:
  Measurement(const Plan &plan, std::vector<int32_t> prompt,
              uint32_t newTokens);
  /// In a session of its own; without drafts also without exits. `draftTokens`:
  /// as in Generation.
  Answer run(double temperature, bool drafts, uint32_t draftTokens = 0);
  /// Goes to the middle of an answer, from where forwards of at most `most`
  /// rows will be timed: attention costs what it does there on average.
  void enter(const std::vector<int32_t> &answer, uint32_t most);
  /// Nanoseconds of a forward of `rows` rows there, with all their logits.
  double forwardNs(uint32_t rows);
  /// Of an answer to the prompt that another rule or fewer layers gave.
  Likeness likeness(const std::vector<int32_t> &answer);

private:
  Session open(const Plan &plan, uint32_t newTokens) const;

  std::vector<int32_t> ids;
  Session base;
  std::optional<Session> inside; ///< of an answer
  std::vector<int32_t> next;     ///< ids that may come there
  Generation generation;
};

/// With drafts and without, who is first in turns.
PromptResult measurePrompt(Measurement &prompt, const std::string &name,
                           double temperature, uint32_t draftTokens,
                           uint32_t repetitions);

} // namespace sinter::tools

#endif
