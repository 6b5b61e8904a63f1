// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "tools/common/ExitCalibration.h"

#include <algorithm>

using namespace sinter::tools;

// Steps from nothing leaving to everything, at one exit.
static constexpr size_t thresholdSteps = 64;

ExitQuality ExitCalibration::quality(const std::vector<double> &thresholds,
                                     size_t first, size_t last) const {
  ExitQuality sum;
  sum.agreement = 0;
  sum.left.assign(after.size(), 0);
  for (size_t p = first; p < last; ++p) {
    const auto &exits = positions[p].exits;
    size_t at = 0;
    while (at < exits.size() && !(exits[at].score > thresholds[at]))
      ++at;
    if (at == exits.size()) {
      ++sum.agreement;
      continue;
    }
    ++sum.left[at];
    sum.kl += exits[at].kl;
    sum.agreement += exits[at].same;
    sum.saved += 1 - static_cast<double>(after[at]) / layers;
  }
  const double count = static_cast<double>(std::max<size_t>(1, last - first));
  sum.kl /= count;
  sum.agreement /= count;
  sum.saved /= count;
  for (double &share : sum.left)
    share /= count;
  return sum;
}

/// Quantiles of the scores of each exit, falling; 1 comes first, which nothing
/// passes.
std::vector<std::vector<double>>
ExitCalibration::candidates(size_t first, size_t last) const {
  std::vector<std::vector<double>> all(after.size());
  for (size_t exit = 0; exit < after.size(); ++exit) {
    std::vector<double> scores;
    for (size_t p = first; p < last; ++p)
      scores.push_back(positions[p].exits[exit].score);
    std::ranges::sort(scores, std::greater<>());
    all[exit].push_back(1);
    for (size_t step = 1; step <= thresholdSteps && !scores.empty(); ++step) {
      const double at = scores[(scores.size() - 1) * step / thresholdSteps];
      if (at < all[exit].back() && at >= 0)
        all[exit].push_back(at);
    }
  }
  return all;
}

std::vector<double> ExitCalibration::choose(const ExitTarget &target,
                                            size_t first, size_t last) const {
  const auto all = candidates(first, last);
  std::vector<size_t> steps(after.size(), 0);
  std::vector<double> chosen(after.size(), 1);
  ExitQuality now = quality(chosen, first, last);
  for (bool goesOn = true; goesOn;) {
    goesOn = false;
    double best = -1;
    size_t bestExit = 0, bestStep = 0;
    ExitQuality bestQuality;
    for (size_t exit = 0; exit < after.size(); ++exit)
      for (size_t step = steps[exit] + 1; step < all[exit].size(); ++step) {
        std::vector<double> tried = chosen;
        tried[exit] = all[exit][step];
        const ExitQuality then = quality(tried, first, last);
        if (!target.keeps(then) || then.saved <= now.saved)
          continue;
        // Agreement is a cost, too; a step that costs nothing is the best.
        const double cost = std::max(then.kl - now.kl, 0.0) +
                            std::max(now.agreement - then.agreement, 0.0);
        const double worth = (then.saved - now.saved) / (cost + 1e-6);
        if (worth > best) {
          best = worth;
          bestExit = exit;
          bestStep = step;
          bestQuality = then;
          goesOn = true;
        }
      }
    if (goesOn) {
      steps[bestExit] = bestStep;
      chosen[bestExit] = all[bestExit][bestStep];
      now = bestQuality;
    }
  }
  return chosen;
}
