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
#include "tools/common/StageTimes.h"

#include <set>
#include <string>
#include <vector>

namespace sinter::tools {

class Profile {
public:
  explicit Profile(const Plan &plan) : ops(plan.property("ops").value_or("")) {}
  Profile(const Profile &) = delete;

  /// From now on the profile sees the dispatches of the session, which must
  /// not outlive it before stop().
  void start(Session &session);
  void stop(Session &session);
  void start(Pool &pool);
  void stop(Pool &pool);
  /// A token came out: from the first one on, dispatches are of generation.
  void token();

  /// Dispatches until the first token came out, and those after it; measured
  /// from the first dispatch to the end of the last one.
  PhaseTimes prompt(const Roofs &roofs) const;
  PhaseTimes generation(const Roofs &roofs) const;
  /// Chrome's trace event format: one track a worker, and `other` beside.
  std::string trace(const nlohmann::ordered_json &other) const;

private:
  struct Record {
    const std::string *kernel; // one of `names`
    uint32_t workers;
    int32_t layer;
    uint64_t begin, end;
    size_t firstSpan, spans, firstScalar, scalars;
    Seen seen;
  };
  void record(const sinter_dispatch &dispatch);
  void numberLastStages(const Record &record);
  std::span<const sinter_span> spansOf(const Record &record) const;
  std::span<const int64_t> scalarsOf(const Record &record) const;
  const std::vector<OpFormula> &opsOf(const Record &record) const;
  size_t firstOfGeneration() const;
  static void callback(void *user, const sinter_dispatch *dispatch);
  void makeRoom();
  void finish();
  PhaseTimes times(size_t first, size_t last, const Roofs &roofs) const;
  static void add(std::span<const sinter_span> spans, const Record &record,
                  std::span<const int64_t> scalars, StageAdder &adder);

  PlanOps ops;
  std::set<std::string> names; // of kernels: the plan may be gone
  std::vector<Record> records;
  std::vector<sinter_span> spans;
  std::vector<int64_t> scalars;
  std::vector<std::pair<uint64_t, size_t>> tokens; // when, dispatches before
};

} // namespace sinter::tools

#endif
