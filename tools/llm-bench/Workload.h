// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What a set of prompts gains by drafts, exits and what is left out: one plan
// with them and without, in turns. Both are called drafts here.
#ifndef SINTER_TOOLS_LLMBENCH_WORKLOAD_H
#define SINTER_TOOLS_LLMBENCH_WORKLOAD_H

#include "tools/llm-bench/Conversation.h"
#include "tools/llm-bench/Likeness.h"

#include <functional>

namespace sinter::tools {

/// A prompt in one sampling. Times are those of decoding: from the first token,
/// which comes from the prompt, to the last; one a repetition.
struct PromptResult {
  std::string name;
  std::string left = {}; ///< out, and why: "loops", "one token"
  bool differs = false;
  uint64_t tokens = 0;
  std::vector<double> plainNs = {}, draftedNs = {};
  Speculation figures = {}; ///< of one repetition
  Exits exits = {};         ///< likewise
  Switching switching = {}; ///< likewise
  /// Likewise: shares of the layers and feed-forward blocks of its tokens that
  /// were left out, or not waited for.
  double layersSaved = 0, ffnsSaved = 0;
  Likeness likeness = {}; ///< of one greedy answer, up to its end

  std::vector<double> ratios() const;
};

struct SamplingResult {
  double temperature;
  std::vector<PromptResult> prompts;

  /// Those that count.
  std::vector<const PromptResult *> counted() const;
  /// One a repetition: the time of all prompts without drafts over that with.
  std::vector<double> ratios() const;
  Speculation figures() const;
  Switching switching() const;
  /// Of the greedy answers of a lossy plan; of others nothing.
  Likeness likeness() const;
  uint64_t tokens() const;
  /// A token's mean of layersSaved or ffnsSaved.
  double saved(double PromptResult::*share) const;
  double plainNs() const; ///< of all prompts, the median repetition
  double draftedNs() const;
  uint64_t differing() const;
};

struct WorkloadResult {
  std::string name;
  uint32_t threads, newTokens, repetitions;
  std::vector<SamplingResult> samplings = {};

  uint64_t differing() const;
};

struct WorkloadOptions {
  std::string path;
  uint32_t newTokens;
  uint32_t repetitions;
  std::vector<double> temperatures = {0, 0.8};
};

/// Does `measure` with every prompt of a file; a failure names the prompt.
/// `progress` gets its name.
void forEachPrompt(const std::string &path,
                   const std::function<void(const std::string &)> &progress,
                   const std::function<void(const Conversation &)> &measure);

/// Every measurement has a session of its own, in which nothing was learned. A
/// prompt is left out of all samplings when its plain greedy answer loops, or
/// any answer is a single token, which takes no decoding. Throws Failure when
/// the plan does all the work of plain decoding. `progress` gets a prompt's
/// name.
WorkloadResult
measureWorkload(const Plan &plan, const WorkloadOptions &options,
                const std::function<void(const std::string &)> &progress);

std::string toJson(const Plan &plan, const WorkloadResult &result);
std::string toText(const WorkloadResult &result);

} // namespace sinter::tools

#endif
