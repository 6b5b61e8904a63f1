// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "tools/common/Roofline.h"

#include <algorithm>
#include <numeric>

using namespace sinter::tools;

Roofs sinter::tools::mean(const Roofs &a, const Roofs &b) {
  return {(a.stream + b.stream) / 2, (a.dot + b.dot) / 2, (a.fma + b.fma) / 2,
          (a.bf16 + b.bf16) / 2, (a.barrierNs + b.barrierNs) / 2};
}

void OpCounts::add(const OpCounts &other) {
  weightBytes += other.weightBytes;
  stateBytes += other.stateBytes;
  activationBytes += other.activationBytes;
  int8Ops += other.int8Ops;
  f32Ops += other.f32Ops;
  bf16Ops += other.bf16Ops;
}

const char *sinter::tools::nameOf(Roof roof) {
  static constexpr const char *names[kRoofs] = {"stream", "dot", "fma", "bf16"};
  return names[static_cast<size_t>(roof)];
}

Prediction::Prediction(const OpCounts &counts, const Roofs &roofs) {
  auto time = [](uint64_t units, double roof) {
    return units ? static_cast<double>(units) / roof : 0;
  };
  const std::array<double, kRoofs> under = {
      time(counts.memoryBytes(), roofs.stream), time(counts.int8Ops, roofs.dot),
      time(counts.f32Ops, roofs.fma),
      time(counts.bf16Ops, roofs.bf16 > 0 ? roofs.bf16 : roofs.fma)};
  const auto *const lowest = std::ranges::max_element(under);
  bound[static_cast<size_t>(lowest - under.begin())] = *lowest;
  compute = std::accumulate(under.begin() + 1, under.end(), 0.0);
}

void Prediction::add(const Prediction &other) {
  for (size_t i = 0; i < kRoofs; ++i)
    bound[i] += other.bound[i];
  compute += other.compute;
}

double Prediction::ns() const {
  return std::accumulate(bound.begin(), bound.end(), 0.0);
}

Roof Prediction::roof() const {
  return static_cast<Roof>(std::ranges::max_element(bound) - bound.begin());
}
