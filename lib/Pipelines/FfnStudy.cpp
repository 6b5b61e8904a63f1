//===- FfnStudy.cpp - which feed-forward blocks tokens leave out ----------===//
//
// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Pipelines/FfnStudy.h"

#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/MathExtras.h"
#include <cmath>

using namespace sinter;

/// Steps of the search for a threshold, and the distances of cosines from 1
/// between which it lies.
static constexpr int kSteps = 8;
static constexpr double kLeast = 1e-4, kMost = 1 - 1e-4;

size_t sinter::fewestFfns(uint32_t layers, double share) {
  return size_t(std::ceil(layers * share - 1e-9));
}

size_t sinter::mostFfns(uint32_t layers, double share) {
  size_t fewest = fewestFfns(layers, share);
  return fewest + llvm::divideCeil(fewest, 2);
}

/// The highest threshold with which enough blocks go: its distance from 1 is
/// halved on a scale of powers.
static llvm::Expected<FfnChoice>
chooseThreshold(PlanProbe &probe, llvm::ArrayRef<uint32_t> layers,
                double share) {
  double few = kLeast, many = kMost;
  auto best = probe.replay(layers, float(1 - many));
  if (!best)
    return best.takeError();
  for (int i = 0; i < kSteps && best->share > share; ++i) {
    double middle = std::sqrt(few * many);
    auto here = probe.replay(layers, float(1 - middle));
    if (!here)
      return here.takeError();
    if (here->share < share) {
      few = middle;
    } else {
      many = middle;
      best = std::move(here);
    }
  }
  return FfnChoice{layers, 1 - many, *best};
}

llvm::Expected<FfnChoice> sinter::chooseFfns(PlanProbe &probe,
                                             llvm::ArrayRef<uint32_t> order,
                                             double share) {
  size_t fewest = fewestFfns(probe.layers(), share);
  std::optional<FfnChoice> best;
  for (size_t count : {fewest, (fewest + order.size()) / 2, order.size()}) {
    auto found = chooseThreshold(probe, order.take_front(count), share);
    if (!found)
      return found.takeError();
    // Cosines of 0 pass nothing: a few rows more may have to go.
    bool enough = found->measured.share >= share || count == order.size();
    if (enough && (!best || found->measured.loss.kl < best->measured.loss.kl))
      best = *found;
  }
  return *best;
}
