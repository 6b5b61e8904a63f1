// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The command line of llm-run.
#ifndef SINTER_TOOLS_LLMRUN_ARGUMENTS_H
#define SINTER_TOOLS_LLMRUN_ARGUMENTS_H

#include "tools/common/PlanArguments.h"

namespace sinter::tools {

enum class Action {
  Generate,   // -p, -f, --ids or standard input
  Chat,       // --chat
  Logits,     // --logits
  Tokenize,   // --tokenize
  Detokenize, // --detokenize
  Render,     // --render
  Selftest,   // --selftest
  Verify      // --verify and nothing else
};

struct Arguments {
  PlanArguments plan;
  Action action = Action::Generate;

  std::optional<std::string> prompt;
  std::optional<std::string> promptFile;
  std::optional<std::vector<uint32_t>> ids;
  std::optional<std::string> system;

  std::optional<std::string> loadSession, saveSession, draftStore;

  std::optional<uint32_t> tokens;
  std::optional<uint32_t> context;
  std::optional<uint32_t> chunk;
  std::optional<uint32_t> depth;
  std::vector<std::string> stop;
  bool ignoreStopIds = false;
  bool noSpeculate = false;
  bool noEarlyExit = false;
  bool noTiming = false;

  std::optional<float> temperature, topP, minP, penalty, exitThreshold,
      switchBits;
  std::optional<uint32_t> topK, window;
  std::optional<uint64_t> seed;

  bool json = false;
  bool stats = false;
  std::optional<std::string> profile; // where the trace goes; "": nowhere
  bool noGenerationPrompt = false;
  std::string path; // of --logits, --tokenize, ...

  /// False: nothing is left to do. Throws UsageError.
  bool parse(int argc, char **argv);

private:
  bool chat = false, selftest = false, verifyGiven = false;
  std::optional<std::string> logits, tokenize, detokenize, render;

  void declare(OptionParser &parser);
  void declareSampling(OptionParser &parser);
  void chooseAction();
};

/// The sampling of the plan, with what the command line changes.
Sampling samplingOf(const Arguments &arguments, const Plan &plan);

} // namespace sinter::tools

#endif
