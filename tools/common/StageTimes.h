// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What a forward, or many, take stage by stage and layer by layer: predicted
// from what the plan says about its ops, and measured if they ran. Both go
// through here, so that they are about the same things.
#ifndef SINTER_TOOLS_COMMON_STAGETIMES_H
#define SINTER_TOOLS_COMMON_STAGETIMES_H

#include "tools/common/PlanOps.h"
#include "tools/common/Roofline.h"

#include <map>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <tuple>
#include <vector>

namespace sinter::tools {

struct Work {
  double ns = 0;     // work and wait, mean of the workers; 0: did not run
  double waitNs = 0; // for other workers, of that
  OpCounts counts;
  Prediction predicted;

  void add(const Work &other);
};

/// The part of a kernel between two barriers, in all its dispatches.
struct StageTime : Work {
  std::string kernel, name; // of its ops: "rms_norm + quantize"
  uint64_t calls = 0;
  /// "layer_0: rms_norm + quantize"
  std::string fullName() const { return kernel + ": " + name; }
};

/// A phase: the prompt, a token, all tokens.
struct PhaseTimes {
  std::vector<StageTime> stages;  // in the order of their first call
  std::map<int32_t, Work> layers; // -1: of no layer
  uint64_t dispatches = 0;
  double wallNs = 0; // of the phase, of which stages are a part

  bool measured() const { return wallNs > 0; }
  Work sum() const;
};

/// A dispatch of a program.
struct Launch {
  std::string kernel;
  int32_t layer = -1;
  std::vector<int64_t> scalars;
};

/// Adds up dispatches.
class StageAdder {
public:
  StageAdder(const PlanOps &ops, const Roofs &roofs, PhaseTimes &times)
      : ops(ops), roofs(roofs), times(times) {}

  /// A call of stages `first` to `last` of a kernel, or of some workers' part
  /// of it: then `counted` says whether this part stands for the call.
  void add(const std::string &kernel, int32_t layer, uint32_t first,
           uint32_t last, std::span<const int64_t> scalars, const Seen &seen,
           bool counted, double ns, double waitNs);
  /// What a dispatch that nobody ran would be.
  void predict(const Launch &launch, uint32_t workers);

private:
  const PlanOps &ops;
  const Roofs &roofs;
  PhaseTimes &times;
  std::map<std::tuple<std::string, uint32_t, uint32_t>, size_t> places;
};

/// Tables for people; `steps` divides what they say.
std::string stageTable(const std::string &title, const PhaseTimes &times,
                       uint64_t steps, const Roofs &roofs);
std::string layerTable(const PhaseTimes &times, uint64_t steps);
/// The same for programs: {"ops": [...], "layers": [...], ...}
nlohmann::ordered_json toJson(const PhaseTimes &times, uint64_t steps);

} // namespace sinter::tools

#endif
