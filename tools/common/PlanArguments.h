// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The options that every tool over a plan has, and the text of a prompt.
#ifndef SINTER_TOOLS_COMMON_PLANARGUMENTS_H
#define SINTER_TOOLS_COMMON_PLANARGUMENTS_H

#include "sinter-c/runtime.hpp"
#include "tools/common/Options.h"

namespace sinter::tools {

/// PLAN, --threads, --cpu, --verify.
struct PlanArguments {
  std::string path;
  uint32_t threads = 0;
  bool pin = false;
  std::optional<std::string> cpu;
  sinter_verify verify = SINTER_VERIFY_WEIGHTS;

  /// withThreads: false where the tool has a --threads of its own.
  void declare(OptionParser &parser, bool withThreads = true);
  Plan open() const { return open(threads); }
  Plan open(uint32_t threads) const { return open(path, threads); }
  Plan open(const std::string &path, uint32_t threads) const;
};

/// Ids of a text to go on with: BOS where the model wants one, never EOS.
std::vector<int32_t> tokenizePrompt(const Plan &plan, std::string_view text);

/// The BOS id that the model puts before a text, or nothing.
std::optional<int32_t> beginningOfText(const Plan &plan);

} // namespace sinter::tools

#endif
