//===- RuleStudy.cpp - what a lossy verifier rule costs -------------------===//
//
// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Pipelines/RuleStudy.h"

#include "lib/Pipelines/CalibrationTexts.h"
#include "lib/Pipelines/Compiler.h"
#include "lib/Target/Plan/TemporaryFile.h"
#include "llvm/ADT/ScopeExit.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/raw_ostream.h"
#include <algorithm>

using namespace sinter;

/// Ids of a draft.
static constexpr uint32_t kDrafted = 4;

namespace {

/// Answers beside what the model says after the tokens before each.
struct Answers {
  uint64_t tokens = 0, same = 0, rounds = 0;
  uint64_t large = 0; // tokens that the large one of two models wrote
  double lost = 0; // nats below the likeliest token

  llvm::Error add(sinter_plan *plan, llvm::ArrayRef<int32_t> prompt);
  llvm::Error score(sinter_plan *plan, llvm::ArrayRef<int32_t> prompt,
                    llvm::ArrayRef<int32_t> answer);
};

/// Rows of a text from the one before its answer on.
struct Reader {
  Answers &sum;
  llvm::ArrayRef<int32_t> answer;
  size_t start, vocabulary;

  void read(uint32_t first, uint32_t rows, const float *logits) const {
    for (size_t at = first; at < first + size_t(rows);
         ++at, logits += vocabulary) {
      if (at < start)
        continue;
      const float *most = std::max_element(logits, logits + vocabulary);
      const int32_t id = answer[at - start];
      sum.same += most - logits == id;
      sum.lost += double(*most) - logits[id];
    }
  }
};

} // namespace

llvm::Error Answers::score(sinter_plan *plan, llvm::ArrayRef<int32_t> prompt,
                           llvm::ArrayRef<int32_t> answer) {
  std::vector<int32_t> ids = prompt.vec();
  ids.insert(ids.end(), answer.begin(), answer.end() - 1);
  sinter_session_options size;
  sinter_session_options_initialize(&size);
  size.context = uint32_t(ids.size()) + 1;
  sinter_session *session = nullptr;
  if (auto failed = taken(sinter_session_create(plan, &size, &session)))
    return failed;
  llvm::scope_exit release([&] { sinter_session_release(session); });
  Reader reader{*this, answer, prompt.size() - 1,
                size_t(sinter_plan_number(plan, SINTER_VOCABULARY))};
  return taken(sinter_session_score(
      session, ids.data(), ids.size(),
      [](void *user, uint32_t first, uint32_t rows, const float *logits) {
        static_cast<const Reader *>(user)->read(first, rows, logits);
        return 0;
      },
      &reader));
}

llvm::Error Answers::add(sinter_plan *plan, llvm::ArrayRef<int32_t> prompt) {
  auto drafted = goOnDrafting(plan, prompt, kDrafted);
  if (!drafted)
    return drafted.takeError();
  if (drafted->answer.empty())
    return llvm::Error::success();
  tokens += drafted->answer.size();
  rounds += drafted->figures.rounds;
  large += drafted->turns.large_tokens;
  return score(plan, prompt, drafted->answer);
}

llvm::Error sinter::studyRule(CompileOptions &options) {
  CompileOptions candidate = options;
  TemporaryFile file;
  if (auto failed = file.create(options.output))
    return failed;
  candidate.output = file.path();
  candidate.artifact.golden = false;
  candidate.dumpPhasesTo.clear();
  candidate.timing = candidate.progress = false;
  candidate.quiet = true;
  if (mlir::failed(compile(candidate)))
    return llvm::createStringError("the plan to measure cannot be compiled");
  sinter_plan_options open;
  sinter_plan_options_initialize(&open);
  open.verify = SINTER_VERIFY_METADATA; // it was written a moment ago
  sinter_plan *plan = nullptr;
  if (auto failed =
          taken(sinter_plan_open(candidate.output.c_str(), &open, &plan)))
    return failed;
  llvm::scope_exit release([&] { sinter_plan_release(plan); });
  CalibrationTexts texts;
  if (auto failed = texts.read(plan, options.calibration))
    return failed;
  Answers answers;
  for (const CalibrationTexts::Text &text : texts)
    if (auto failed = answers.add(plan, text.prompt))
      return failed;
  options.decode.ruleQuality = llvm::formatv(
      "kl {0:f4}, agreement {1:f4} on {2} tokens",
      answers.lost / double(answers.tokens),
      double(answers.same) / double(answers.tokens), answers.tokens);
  const bool turns = options.decode.switchesModels();
  if (turns)
    options.decode.ruleQuality += llvm::formatv(
        ", large model {0:f3}", double(answers.large) / double(answers.tokens));
  if (options.quiet)
    return llvm::Error::success();
  llvm::errs() << (turns ? "spec-policy=switch"
                         : "verify-rule=" + options.decode.verifyRule)
               << ": " << texts.summary() << "; " << options.decode.ruleQuality;
  if (!turns)
    llvm::errs() << llvm::formatv(", {0:f2} tokens a forward with drafts of {1}",
                                  double(answers.tokens) / answers.rounds,
                                  kDrafted);
  llvm::errs() << "\n";
  return llvm::Error::success();
}
