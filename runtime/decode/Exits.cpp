// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "runtime/decode/Exits.h"
#include "runtime/schema/plan_generated.h"
#include "runtime/state/ModelState.h"

#include <cmath>

namespace sinter::runtime {

/// What a probe says that knows nothing.
static float chanceOf(uint32_t position, uint32_t exit) {
  // SplitMix64.
  uint64_t x = (uint64_t(position) << 8 | exit) + 1;
  x *= 0x9e3779b97f4a7c15u;
  x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9u;
  x = (x ^ x >> 27) * 0x94d049bb133111ebu;
  x ^= x >> 31;
  return float(x >> 40) / float(1u << 24);
}

float scoreOf(const plan::Plan &plan, uint32_t index, ProbeWords said,
              uint32_t position) {
  const plan::Exit &exit = *plan.exits()->Get(index);
  switch (exit.probe()) {
  case plan::ProbeKind::MaxProb:
  case plan::ProbeKind::Similarity:
  case plan::ProbeKind::Linear:
    return said.first;
  case plan::ProbeKind::Margin:
    return said.first - said.second;
  case plan::ProbeKind::Entropy:
    return 1 - said.first / std::log(float(exit.tokens() ? exit.tokens()
                                                         : plan.vocabulary()));
  case plan::ProbeKind::Chance:
    return chanceOf(position, index);
  }
  return 0;
}

void Exits::begin(float threshold) {
  forAll = threshold;
  layersOfRow = 0;
  counts = {};
}

/// Early tokens of a text decide more about it (CALM, Schuster et al., 2022).
/// What nothing passes stays so.
float Exits::thresholdOf(const plan::Exit &exit, uint64_t token) const {
  float most = forAll > 0 ? forAll : exit.threshold();
  if (!(exit.decay() > 0) || exit.over() == 0 || most >= 1)
    return most;
  double falls =
      std::exp(-double(exit.decay()) * double(token) / double(exit.over()));
  return float(0.9 * double(most) + 0.1 * double(most) * falls);
}

void Exits::settle() {
  if (layersOfRow == 0)
    return;
  ++counts.rows;
  counts.layers += layersOfRow;
  layersOfRow = 0;
}

ExitAction Exits::decide(const plan::Plan &plan, uint32_t index,
                         ProbeWords said, int64_t room, uint32_t position,
                         uint64_t token) {
  const plan::Exit &exit = *plan.exits()->Get(index);
  uint32_t all = plan.states()->Get(0)->layers();
  // The first exit that a row comes to begins it.
  if (index == 0)
    settle();
  layersOfRow = all;
  ++counts.asked[index];
  const float score = scoreOf(plan, index, said, position);
  if (score < exit.stop()) {
    layersOfRow = exit.after();
    return ExitAction::Stop;
  }
  // What is no number stays.
  if (!(score > thresholdOf(exit, token)))
    return ExitAction::GoOn;
  if (room <= 0) {
    ++counts.kept[index];
    return ExitAction::GoOn;
  }
  ++counts.left[index];
  ++counts.owed;
  layersOfRow = exit.after();
  return ExitAction::Leave;
}

void Exits::agree(bool same) {
  ++counts.held;
  counts.agreed += same;
}

sinter_exits Exits::figures(const plan::Plan &plan) {
  settle();
  sinter_exits figures = counts;
  figures.size = sizeof(figures);
  figures.all_layers = modelState(plan).layers();
  figures.exits = plan.exits() ? plan.exits()->size() : 0;
  for (uint32_t i = 0; i < figures.exits; ++i) {
    const plan::Exit &exit = *plan.exits()->Get(i);
    figures.probe[i] = sinter_probe(exit.probe());
    figures.after[i] = exit.after();
    figures.tokens[i] = exit.tokens();
  }
  return figures;
}

} // namespace sinter::runtime
