// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// llm-run: completes prompts, chats, and shows what a plan computes.
#include "tools/common/Failure.h"
#include "tools/common/File.h"
#include "tools/llm-run/Actions.h"
#include "tools/llm-run/Interrupt.h"

#include <chrono>

using namespace sinter;
using namespace sinter::tools;

static int verified(const Job &job) {
  writeOut("verified: metadata, code and weights (SHA-256) are what was "
           "written\n",
           /*flush=*/true);
  return exitSuccess;
}

static int runAction(const Job &job) {
  switch (job.arguments.action) {
  case Action::Generate:
    return generate(job);
  case Action::Chat:
    return chat(job);
  case Action::Logits:
    return writeLogits(job);
  case Action::Tokenize:
    return tokenizeLines(job);
  case Action::Detokenize:
    return detokenizeLines(job);
  case Action::Render:
    return render(job);
  case Action::Selftest:
    return selftest(job);
  case Action::Verify:
    return verified(job);
  }
  return exitFailure;
}

static int run(int argc, char **argv) {
  Arguments arguments;
  if (!arguments.parse(argc, argv))
    return exitSuccess;
  watchSignals();
  auto start = std::chrono::steady_clock::now();
  Plan plan = arguments.plan.open();
  std::chrono::duration<double, std::milli> load =
      std::chrono::steady_clock::now() - start;
  return runAction({arguments, plan, load.count()});
}

int main(int argc, char **argv) { return runTool("llm-run", run, argc, argv); }
