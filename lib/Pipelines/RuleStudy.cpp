//===- RuleStudy.cpp - what a lossy rule or policy costs ------------------===//
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
#include <cmath>

using namespace sinter;

/// Ids of a draft.
static constexpr uint32_t kDrafted = 4;

namespace {

/// Answers beside what the model says after the tokens before each.
struct Answers {
  uint64_t tokens = 0, same = 0, rounds = 0;
  uint64_t large = 0; // tokens that the large one of two models wrote
  double lost = 0;    // nats below the likeliest token

  llvm::Error add(sinter_plan *plan, llvm::ArrayRef<int32_t> prompt,
                  const Drafted &made) {
    tokens += made.answer.size();
    rounds += made.figures.rounds;
    large += made.turns.large_tokens;
    return made.answer.empty() ? llvm::Error::success()
                               : score(plan, prompt, made.answer);
  }
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

/// Makes a plan of `options` to measure with, `file`.
static llvm::Expected<sinter_plan *>
openCandidate(const CompileOptions &options, TemporaryFile &file) {
  CompileOptions candidate = options;
  if (auto failed = file.create(options.output))
    return std::move(failed);
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
    return std::move(failed);
  return plan;
}

namespace {

/// Texts of a calibration, and a plan that goes on with them.
class Study {
public:
  explicit Study(CompileOptions &options) : options(options) {}
  ~Study() { sinter_plan_release(plan); }

  llvm::Error run();

private:
  llvm::Error open();
  llvm::Error chooseBits();
  llvm::Expected<double> largeShare(float bits);
  llvm::Error measure(Answers &answers);
  void report(const Answers &answers) const;

  CompileOptions &options;
  TemporaryFile file;
  sinter_plan *plan = nullptr;
  CalibrationTexts texts;
};

} // namespace

llvm::Error Study::open() {
  CompileOptions candidate = options;
  // Any: what is tried is said in each call.
  if (options.decode.largeShare > 0)
    candidate.decode.settings[0] = 1;
  auto made = openCandidate(candidate, file);
  if (!made)
    return made.takeError();
  plan = *made;
  return texts.read(plan, options.calibration);
}

llvm::Expected<double> Study::largeShare(float bits) {
  uint64_t large = 0, all = 0;
  for (const CalibrationTexts::Text &text : texts) {
    auto written = goOnInTurns(plan, text.prompt, bits);
    if (!written)
      return written.takeError();
    large += written->turns.large_tokens;
    all += written->answer.size();
  }
  return double(large) / double(all);
}

/// More bits, fewer tokens of the large model: halves what is left, until the
/// share is near enough.
llvm::Error Study::chooseBits() {
  constexpr float kMostBits = 16;
  constexpr int kHalvings = 12;
  constexpr double kNear = 0.02;
  float low = 0, high = kMostBits, best = 0;
  double nearest = 2;
  for (int i = 0; i < kHalvings && nearest > kNear; ++i) {
    const float bits = (low + high) / 2;
    auto share = largeShare(bits);
    if (!share)
      return share.takeError();
    const double distance = std::abs(*share - options.decode.largeShare);
    if (distance < nearest) {
      nearest = distance;
      best = bits;
    }
    (*share > options.decode.largeShare ? low : high) = bits;
  }
  options.decode.settings[0] = best;
  constexpr double kFar = 0.1;
  if (nearest > kFar)
    llvm::errs() << llvm::formatv(
        "llm-compile: warning: --spec-policy=switch: no number of bits lets "
        "the large model write {0:f0} % of these texts; the nearest, {1:f3}, "
        "lies {2:f0} % beside it\n",
        100 * options.decode.largeShare, best, 100 * nearest);
  return llvm::Error::success();
}

llvm::Error Study::measure(Answers &answers) {
  const DecodePhaseOptions &decode = options.decode;
  for (const CalibrationTexts::Text &text : texts) {
    auto made = decode.switchesModels()
                    ? goOnInTurns(plan, text.prompt, decode.settings[0])
                    : goOnDrafting(plan, text.prompt, kDrafted);
    if (!made)
      return made.takeError();
    if (auto failed = answers.add(plan, text.prompt, *made))
      return failed;
  }
  return llvm::Error::success();
}

void Study::report(const Answers &answers) const {
  const DecodePhaseOptions &decode = options.decode;
  llvm::errs() << (decode.switchesModels()
                       ? "spec-policy=switch:" +
                             llvm::formatv("{0:f3}", decode.settings[0]).str()
                       : "verify-rule=" + decode.verifyRule)
               << ": " << texts.summary() << "; " << decode.ruleQuality;
  if (!decode.switchesModels())
    llvm::errs() << llvm::formatv(
        ", {0:f2} tokens a forward with drafts of {1}",
        double(answers.tokens) / double(answers.rounds), kDrafted);
  llvm::errs() << "\n";
}

llvm::Error Study::run() {
  if (auto failed = open())
    return failed;
  if (options.decode.largeShare > 0)
    if (auto failed = chooseBits())
      return failed;
  Answers answers;
  if (auto failed = measure(answers))
    return failed;
  options.decode.ruleQuality = llvm::formatv(
      "kl {0:f4}, agreement {1:f4} on {2} tokens",
      answers.lost / double(answers.tokens),
      double(answers.same) / double(answers.tokens), answers.tokens);
  if (options.decode.switchesModels())
    options.decode.ruleQuality += llvm::formatv(
        ", large model {0:f3}", double(answers.large) / double(answers.tokens));
  if (!options.quiet)
    report(answers);
  return llvm::Error::success();
}

llvm::Error sinter::studyRule(CompileOptions &options) {
  return Study(options).run();
}
