// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Where the time of a generation went: recorded dispatch by dispatch, then
// added up by stage and by layer, with what the plan says about bytes and
// operations.
#ifndef SINTER_TOOLS_COMMON_PROFILE_H
#define SINTER_TOOLS_COMMON_PROFILE_H

#include "sinter-c/profile.h"
#include "sinter-c/runtime.hpp"
#include "tools/common/PlanOps.h"

#include <map>
#include <set>
#include <string>
#include <tuple>
#include <vector>

namespace sinter::tools {

/// The part of a kernel between two barriers, in all its dispatches.
struct StageTime {
  std::string kernel, name; // of its ops: "rms_norm + quantize"
  uint64_t calls = 0;
  double ns = 0;     // work and wait, mean of the workers
  double waitNs = 0; // for other workers, of that
  double predictedNs = 0;
  OpCounts counts;
};

struct LayerTime {
  double ns = 0, waitNs = 0;
};

/// Of the prompt, or of all tokens after the first.
struct PhaseTimes {
  std::vector<StageTime> stages;       // in the order of their first call
  std::map<int32_t, LayerTime> layers; // -1: of no layer
  uint64_t dispatches = 0;
  double ns = 0;     // sum of the stages, which is that of the dispatches
  double wallNs = 0; // from the first dispatch to the end of the last one
  OpCounts counts;
};

class Profile {
public:
  explicit Profile(const Plan &plan) : ops(plan.property("ops").value_or("")) {}
  Profile(const Profile &) = delete;

  /// From now on the profile sees the dispatches of the session, which must
  /// not outlive it before stop().
  void start(Session &session);
  void stop(Session &session);
  /// A token came out: from the first one on, dispatches are of generation.
  void token();

  PhaseTimes prompt(const ProbeSample &roofs) const;
  PhaseTimes generation(const ProbeSample &roofs) const;
  /// Nanoseconds from the last worker's arrival to the last departure, median;
  /// 0 with one worker.
  double barrierNs() const;
  /// Chrome's trace event format: one track a worker.
  std::string trace() const;

private:
  struct Record {
    std::string_view kernel; // one of `names`
    uint32_t workers;
    int32_t layer;
    uint64_t begin, end;
    size_t firstSpan, spans, firstScalar, scalars;
  };
  using Places =
      std::map<std::tuple<std::string_view, uint32_t, uint32_t>, size_t>;
  void record(const sinter_dispatch &dispatch);
  void numberLastStages(const Record &record);
  std::span<const sinter_span> spansOf(const Record &record) const;
  std::span<const int64_t> scalarsOf(const Record &record) const;
  const std::vector<OpFormula> &opsOf(const Record &record) const;
  size_t firstOfGeneration() const;
  PhaseTimes times(size_t first, size_t last, const ProbeSample &roofs) const;
  void add(const Record &record, const ProbeSample &roofs, Places &places,
           PhaseTimes &times) const;

  PlanOps ops;
  std::set<std::string> names; // of kernels: the plan may be gone
  std::vector<Record> records;
  std::vector<sinter_span> spans;
  std::vector<int64_t> scalars;
  std::vector<std::pair<uint64_t, size_t>> tokens; // when, dispatches before
};

/// Tables for people; `steps` divides the times. `wallNs` is what the phase
/// took, of which the stages are a part.
std::string stageTable(const std::string &title, const PhaseTimes &times,
                       double wallNs, uint64_t steps, const ProbeSample &roofs);
std::string layerTable(const PhaseTimes &times, uint64_t steps);

} // namespace sinter::tools

#endif
