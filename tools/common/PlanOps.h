// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What the ops of a plan's kernels move and compute: its property "ops", which
// lib/Analysis/KernelOps.h describes.
#ifndef SINTER_TOOLS_COMMON_PLANOPS_H
#define SINTER_TOOLS_COMMON_PLANOPS_H

#include "tools/common/Roofline.h"

#include <array>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace sinter::tools {

/// What the rows of a call see of the cache, where its scalars do not say it
/// (sinter_dispatch); zeros where they do.
struct Seen {
  uint64_t positions = 0, pairs = 0;
};

struct OpFormula {
  std::string name;
  uint32_t stage = 0;
  uint32_t rows = 0, position = 0; // 1 + the index of a scalar; 0: none
  /// [constant, per row, per position, per pair of row and position]
  std::array<uint64_t, 4> weights{}, state{}, activations{}, int8{}, f32{},
      bf16{};
  /// A row sees so many of the first and of the last positions; last 0: all.
  uint64_t seenFirst = 0, seenLast = 0;
  /// At the end of the stage nobody waits if scalar `joinRows` (as in `rows`;
  /// 0: everybody waits) and the workers are at most so many.
  uint32_t joinRows = 0;
  int64_t joinMostRows = 0, joinMostWorkers = 0;

  OpCounts at(std::span<const int64_t> scalars, const Seen &seen = {}) const;
  /// The stage goes on in the next one.
  bool joins(std::span<const int64_t> scalars, uint32_t workers) const;

private:
  Seen seenFrom(uint64_t before, uint64_t rows) const;
};

/// Stages that no barrier separates in a call, each as (first, last).
std::vector<std::pair<uint32_t, uint32_t>>
stagesOf(const std::vector<OpFormula> &ops, std::span<const int64_t> scalars,
         uint32_t workers);

class PlanOps {
public:
  /// Of the property; nothing: of a plan that does not say. Throws Failure.
  explicit PlanOps(std::string_view json);
  /// The plan says nothing.
  bool empty() const { return kernels.empty(); }
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
