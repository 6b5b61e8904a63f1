// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef SINTER_RUNTIME_DECODE_EXITS_H
#define SINTER_RUNTIME_DECODE_EXITS_H

#include "runtime/plan/Execute.h"
#include "sinter-c/exits.h"

namespace sinter::plan {
struct Exit;
struct Plan;
} // namespace sinter::plan

namespace sinter::runtime {

/// Exits of one session: which rows leave, and the figures of the last call.
class Exits {
public:
  /// The figures of a new call begin. `threshold`: of every exit; 0: as the
  /// plan says.
  void begin(float threshold);
  /// As Host::decide; `token`: how many were made in this call.
  ExitAction decide(const plan::Plan &plan, uint32_t exit, ProbeWords said,
                    int64_t room, uint32_t position, uint64_t token);
  /// A token was held back; all layers said `same`.
  void agree(bool same);
  /// The exits of the plan, and figures until now.
  sinter_exits figures(const plan::Plan &plan);

private:
  float thresholdOf(const plan::Exit &exit, uint64_t token) const;
  /// The row at hand has left, or has been through all layers.
  void settle();

  float forAll = 0;
  uint32_t layersOfRow = 0; // at hand; 0: there is none
  sinter_exits counts = {};
};

/// The score of a row: from 0 to 1; no number where its probe gave none.
float scoreOf(const plan::Plan &plan, uint32_t index, ProbeWords said,
              uint32_t position);

} // namespace sinter::runtime
#endif
