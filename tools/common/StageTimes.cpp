// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "tools/common/StageTimes.h"

using namespace sinter::tools;

void Work::add(const Work &other) {
  ns += other.ns;
  waitNs += other.waitNs;
  counts.add(other.counts);
  predicted.add(other.predicted);
}

Work PhaseTimes::sum() const {
  Work sum;
  for (const StageTime &stage : stages)
    sum.add(stage);
  return sum;
}

void StageAdder::add(const std::string &kernel, int32_t layer, uint32_t first,
                     uint32_t last, std::span<const int64_t> scalars,
                     const Seen &seen, bool counted, double ns, double waitNs) {
  const std::vector<OpFormula> &formulas = ops.of(kernel);
  auto [place, isNew] =
      places.try_emplace({kernel, first, last}, times.stages.size());
  if (isNew) {
    times.stages.emplace_back();
    times.stages.back().kernel = kernel;
    times.stages.back().name = stageName(formulas, first, last);
  }
  StageTime &stage = times.stages[place->second];
  Work work;
  work.ns = ns;
  work.waitNs = waitNs;
  if (counted) {
    ++stage.calls;
    for (const OpFormula &op : formulas) {
      if (op.stage < first || op.stage > last)
        continue;
      const OpCounts counts = op.at(scalars, seen);
      work.counts.add(counts);
      work.predicted.add(Prediction(counts, roofs));
    }
  }
  stage.add(work);
  times.layers[layer].add(work);
}

void StageAdder::predict(const Launch &launch, uint32_t workers) {
  for (auto [first, last] :
       stagesOf(ops.of(launch.kernel), launch.scalars, workers))
    add(launch.kernel, launch.layer, first, last, launch.scalars, {}, true, 0,
        0);
  ++times.dispatches;
}
