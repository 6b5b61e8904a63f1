// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Raw completion and logits of a prompt.
#include "tools/common/Failure.h"
#include "tools/common/File.h"
#include "tools/common/Npy.h"
#include "tools/common/Terminal.h"
#include "tools/llm-run/Completion.h"
#include "tools/llm-run/Interrupt.h"

using namespace sinter;
using namespace sinter::tools;

static std::vector<int32_t> promptIds(const Job &job) {
  const Arguments &arguments = job.arguments;
  if (arguments.ids)
    return {arguments.ids->begin(), arguments.ids->end()};
  std::string text = arguments.prompt
                         ? *arguments.prompt
                         : readFile(arguments.promptFile.value_or("-"));
  if (text.empty())
    throw Failure("the prompt is empty; give at least one character");
  return tokenizePrompt(job.plan, text);
}

int sinter::tools::generate(const Job &job) {
  std::vector<int32_t> ids = promptIds(job);
  Session session = makeSession(job, ids.size());
  Completion completion = complete(job, session, ids);
  report(job, completion);
  return completion.interrupted ? exitInterrupted : exitSuccess;
}

int sinter::tools::writeLogits(const Job &job) {
  std::vector<int32_t> ids = promptIds(job);
  SessionOptions options;
  options.context =
      job.arguments.context.value_or(static_cast<uint32_t>(ids.size()));
  options.chunk = job.arguments.chunk.value_or(0);
  if (ids.size() > job.plan.maxContext())
    throw Failure("the prompt has " + std::to_string(ids.size()) +
                  " tokens, the plan allows " +
                  std::to_string(job.plan.maxContext()) + " positions");
  Session session = job.plan.session(options).orThrow();
  Interruptible scope(session);
  NpyWriter file(*job.arguments.path, ids.size(), job.plan.vocabulary());
  Progress progress("logits", ids.size());
  session
      .score(ids,
             [&](uint32_t first, uint32_t rows, std::span<const float> logits) {
               file.write(logits);
               progress.update(first + rows);
             })
      .orThrow();
  file.commit();
  return exitSuccess;
}
