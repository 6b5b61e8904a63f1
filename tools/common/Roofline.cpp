// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "tools/common/Roofline.h"

#include <algorithm>

using namespace sinter::tools;

Roofs sinter::tools::mean(const Roofs &a, const Roofs &b) {
  return {(a.stream + b.stream) / 2, (a.dot + b.dot) / 2, (a.fma + b.fma) / 2,
          (a.barrierNs + b.barrierNs) / 2};
}

void OpCounts::add(const OpCounts &other) {
  weightBytes += other.weightBytes;
  stateBytes += other.stateBytes;
  activationBytes += other.activationBytes;
  int8Ops += other.int8Ops;
  f32Ops += other.f32Ops;
}

const char *sinter::tools::nameOf(Roof roof) {
  static constexpr const char *names[kRoofs] = {"stream", "dot", "fma"};
  return names[static_cast<size_t>(roof)];
}

Prediction::Prediction(const OpCounts &counts, const Roofs &roofs) {
  const std::array<double, kRoofs> under = {
      static_cast<double>(counts.memoryBytes()) / roofs.stream,
      static_cast<double>(counts.int8Ops) / roofs.dot,
      static_cast<double>(counts.f32Ops) / roofs.fma};
  const auto lowest = std::ranges::max_element(under);
  bound[static_cast<size_t>(lowest - under.begin())] = *lowest;
  compute = under[static_cast<size_t>(Roof::Dot)] +
            under[static_cast<size_t>(Roof::Fma)];
}

void Prediction::add(const Prediction &other) {
  for (size_t i = 0; i < kRoofs; ++i)
    bound[i] += other.bound[i];
  compute += other.compute;
}

Roof Prediction::roof() const {
  return static_cast<Roof>(std::ranges::max_element(bound) - bound.begin());
}
