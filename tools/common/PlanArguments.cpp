// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "tools/common/PlanArguments.h"
#include "tools/common/Failure.h"

using namespace sinter;
using namespace sinter::tools;

void PlanArguments::declare(OptionParser &parser, bool withThreads) {
  parser.positional("PLAN", path, "a plan that llm-compile wrote");
  parser.section("Machine:");
  if (withThreads)
    parser.number("-t, --threads", "T", threads,
                  "workers (default: one a core)");
  parser.flag("--pin", pin, "keep each worker on its core");
  parser.text("--cpu", "LEVEL", cpu,
              "code object to use: x86-64-v3, x86-64-v4-vnni, ... (default: "
              "$SINTER_CPU, else the best that this machine can run)");
  parser.implied(
      "--verify", "HOW", "sha256",
      "what to check before running: metadata, weights (the default) or "
      "sha256 (--verify alone)",
      [this](const std::string &option, std::string_view value) {
        if (value == "metadata")
          verify = SINTER_VERIFY_METADATA;
        else if (value == "weights")
          verify = SINTER_VERIFY_WEIGHTS;
        else if (value == "sha256")
          verify = SINTER_VERIFY_SHA256;
        else
          throw UsageError(option +
                           " knows metadata, weights and sha256, not '" +
                           std::string(value) + "'");
      });
}

Plan PlanArguments::open(const std::string &file, uint32_t workers) const {
  PlanOptions options;
  options.threads = workers;
  options.pin_threads = pin;
  options.cpu = cpu ? cpu->c_str() : nullptr;
  options.verify = verify;
  return Plan::open(file, options).orThrow();
}

std::vector<int32_t> sinter::tools::tokenizePrompt(const Plan &plan,
                                                   std::string_view text) {
  std::vector<int32_t> ids = plan.tokenize(text, SINTER_TEXT_SPECIAL).orThrow();
  if (std::optional<int32_t> bos = beginningOfText(plan))
    ids.insert(ids.begin(), *bos);
  return ids;
}

std::optional<int32_t> sinter::tools::beginningOfText(const Plan &plan) {
  // The API adds BOS and EOS together; what comes before a letter is BOS.
  std::vector<int32_t> bare = plan.tokenize("a").orThrow();
  std::vector<int32_t> full = plan.tokenize("a", SINTER_TEXT_BOS_EOS).orThrow();
  if (full.size() > bare.size() &&
      (bare.empty() || full.front() != bare.front()))
    return full.front();
  return std::nullopt;
}
