// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What llm-run can do with a plan; each returns the exit code.
#ifndef SINTER_TOOLS_LLMRUN_ACTIONS_H
#define SINTER_TOOLS_LLMRUN_ACTIONS_H

#include "tools/llm-run/Arguments.h"

namespace sinter::tools {

struct Job {
  const Arguments &arguments;
  const Plan &plan;
  double loadMs;
};

int generate(const Job &job);
int chat(const Job &job);
int writeLogits(const Job &job);
int tokenizeLines(const Job &job);
int detokenizeLines(const Job &job);
int render(const Job &job);
int selftest(const Job &job);

} // namespace sinter::tools

#endif
