// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The measurements of llm-eval.
#ifndef SINTER_TOOLS_LLMEVAL_EVALUATE_H
#define SINTER_TOOLS_LLMEVAL_EVALUATE_H

#include "tools/common/ExitCalibration.h"
#include "tools/common/Measure.h"
#include "tools/common/PlanArguments.h"

namespace sinter::tools {

struct Arguments {
  PlanArguments plan;
  std::optional<std::string> perplexity, reference, against, text;
  std::optional<std::string> calibrateExit;
  std::optional<float> kl, agreement; ///< that exits must keep
  uint32_t context = 512;
  bool scoreAll = false;
  std::optional<uint32_t> tokens;
  bool lines = false;
  uint32_t greedy = 64;

  bool parse(int argc, char **argv);
};

struct Comparison {
  Distance distance;
  size_t sameGreedy = 0, greedy = 0;
};

/// Ids of a text; `lines`: each line by itself, with its line end.
std::vector<int32_t> textIds(const Plan &plan, std::string_view text,
                             bool lines, std::optional<uint32_t> limit);

/// Windows of --context ids, each from an empty state.
PerplexitySum perplexityOf(const Plan &plan, const std::string &path,
                           const Arguments &arguments);

/// Against logits and greedy tokens that were stored.
Comparison compareWithReference(const Plan &plan, const std::string &path);

/// Against another plan, on a text.
Comparison compareWithPlan(const Plan &plan, const std::string &path,
                           const Arguments &arguments);

/// Thresholds for the exits of a plan, and what they are worth, as JSON that
/// llm-compile reads.
std::string calibrateExits(const Plan &plan, const std::string &path,
                           const Arguments &arguments);

} // namespace sinter::tools

#endif
