// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What a plan should take on a machine: the roofline of each op of a decoded
// token and of a chunk of a prompt.
#ifndef SINTER_TOOLS_REPORT_PLANREPORT_H
#define SINTER_TOOLS_REPORT_PLANREPORT_H

#include "lib/Target/Plan/PlanFile.h"
#include "tools/common/Machine.h"
#include "tools/common/StageTimes.h"

#include <optional>
#include <string>

namespace sinter::tools {

struct ReportOptions {
  /// Nothing: this one, which is measured with the plan's code.
  std::optional<Machine> machine;
  uint32_t threads = 0; ///< that measure; 0: one a core
  uint32_t depth = 0;   ///< positions before the token and before the chunk
};

class PlanReport {
public:
  /// `path` is that of the plan. Throws Failure.
  PlanReport(const PlanFile &file, const std::string &path,
             const ReportOptions &options);

  std::string text() const;
  std::string json() const;

private:
  uint32_t depth, chunk; ///< rows of the prompt
  Machine machine;
  PhaseTimes token, prompt;
};

} // namespace sinter::tools

#endif
