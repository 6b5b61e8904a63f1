// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What the ops of a plan's kernels move and compute: its property "ops", which
// lib/Analysis/KernelOps.h describes.
#ifndef SINTER_TOOLS_COMMON_PLANOPS_H
#define SINTER_TOOLS_COMMON_PLANOPS_H

#include "tools/common/Probe.h"

#include <array>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace sinter::tools {

/// Of a call, or of many.
struct OpCounts {
  uint64_t weightBytes = 0, stateBytes = 0, activationBytes = 0;
  uint64_t int8Ops = 0, f32Ops = 0; // a multiply and an add are two

  void add(const OpCounts &other);
  /// What comes from memory; activations lie in caches.
  uint64_t memoryBytes() const { return weightBytes + stateBytes; }
  /// Under the roofs of the probe.
  double predictedNs(const ProbeSample &roofs) const;
};

struct OpFormula {
  std::string name;
  uint32_t stage = 0;
  uint32_t rows = 0, position = 0; // 1 + the index of a scalar; 0: none
  /// [constant, per row, per position, per pair of row and position]
  std::array<uint64_t, 4> weights{}, state{}, activations{}, int8{}, f32{};

  OpCounts at(std::span<const int64_t> scalars) const;
};

class PlanOps {
public:
  /// Of the property; nothing: of a plan that does not say. Throws Failure.
  explicit PlanOps(std::string_view json);
  /// None when the plan does not say.
  const std::vector<OpFormula> &of(const std::string &kernel) const;

private:
  std::map<std::string, std::vector<OpFormula>> kernels;
};

/// The ops of stages first..last, each name once; or the number of the last.
std::string stageName(const std::vector<OpFormula> &ops, uint32_t first,
                      uint32_t last);

} // namespace sinter::tools

#endif
