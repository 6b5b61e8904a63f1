// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What drafts of each fixed length gain, predicted and measured (FastDraft,
// Zafrir et al., 2024).
#ifndef SINTER_TOOLS_LLMBENCH_SPECREPORT_H
#define SINTER_TOOLS_LLMBENCH_SPECREPORT_H

#include "tools/llm-bench/Workload.h"

namespace sinter::tools {

/// Drafts of `length` ids wherever so many are found.
struct LengthResult {
  uint32_t length;
  SamplingResult result;
  /// Of 2, 3, ... length + 1 rows, with their logits: the mean of forwards
  /// among the answers, whose machine they share; before them a token of plain
  /// decoding. A machine whose memory is slower for a while changes what rows
  /// cost.
  std::vector<double> forwardNs;

  /// Of the drafter, for an id that was verified, over a forward of one row.
  double idCost() const;
  /// Tokens times one of plain decoding, over the forwards that the drafts
  /// took, by their rows, and the time of the drafter.
  double predicted() const;
  double measured() const;
};

struct SpecReport {
  std::string name;
  uint32_t threads;
  double temperature;
  std::vector<LengthResult> lengths;
  SamplingResult policy; ///< as long as the plan's policy says

  /// Texts of all lengths and the policy that are not those of plain decoding.
  uint64_t differing() const;
  /// The length with the greatest measured gain.
  const LengthResult &best() const;
};

/// Lengths 1 to 8 over the prompts of a workload, each against plain decoding
/// in turns, and what the policy of the plan chooses among them.
SpecReport specReport(const Plan &plan, const WorkloadOptions &options,
                      const std::function<void(const std::string &)> &progress);

std::string toJson(const Plan &plan, const SpecReport &report);
std::string toText(const SpecReport &report);

} // namespace sinter::tools

#endif
