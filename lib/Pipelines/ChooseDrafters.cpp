//===- ChooseDrafters.cpp - --speculate=auto
//
// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Pipelines/ChooseDrafters.h"

#include "lib/Pipelines/CalibrationTexts.h"
#include "lib/Pipelines/Compiler.h"
#include "lib/Target/Plan/PlanFile.h"
#include "sinter-c/speculation.h"
#include "llvm/ADT/ScopeExit.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/FormatVariadic.h"

using namespace sinter;

/// A plan that promises less is not worth its drafts.
static constexpr double kLeastGain = 1.02;
static constexpr uint32_t kLengths[] = {1, 2, 4, 8};

namespace {

llvm::Error error(const llvm::Twine &message) {
  return llvm::createStringError(llvm::inconvertibleErrorCode(), message);
}

/// What drafts of one length did, over all texts.
struct Counted {
  uint64_t rounds = 0, drafted = 0, accepted = 0;
  double cost = 0; // in forwards of one row

  double gain() const { return double(rounds + accepted) / cost; }
};

/// A plan with some drafters, tried on texts.
class Trial {
public:
  ~Trial() { sinter_plan_release(plan); }
  llvm::Error open(const std::string &path);
  llvm::Error run(llvm::ArrayRef<int32_t> prompt, uint32_t length,
                  Counted &counted) const;

  sinter_plan *plan = nullptr;

private:
  void count(const sinter_speculation &figures, Counted &counted) const;

  /// Of the plan's table. An id costs as much where a drafter of the text found
  /// it: a list of both may look worse than it is, never better.
  std::vector<float> rowCosts;
  float idCost = 0;
};

} // namespace

llvm::Error Trial::open(const std::string &path) {
  auto file = PlanFile::open(path, /*verifyWeights=*/false);
  if (!file)
    return file.takeError();
  const plan::Costs *costs = file->tables().costs();
  if (!costs || costs->rows()->size() < SINTER_SPECULATION_ROWS)
    return error("--speculate=auto: a candidate has no table of costs");
  rowCosts.assign(costs->rows()->begin(), costs->rows()->end());
  idCost = costs->id();
  sinter_plan_options options;
  sinter_plan_options_initialize(&options);
  options.verify = SINTER_VERIFY_METADATA; // it was written a moment ago
  return taken(sinter_plan_open(path.c_str(), &options, &plan));
}

/// Adds a call to the sum. Rounds without a draft have one row.
void Trial::count(const sinter_speculation &figures, Counted &counted) const {
  counted.rounds += figures.rounds;
  counted.drafted += figures.drafted;
  counted.accepted += figures.accepted;
  counted.cost += idCost * double(figures.drafted);
  uint64_t longer = figures.rounds; // rounds with at least so many ids
  for (uint32_t ids = 0; ids < SINTER_SPECULATION_ROWS; ++ids) {
    uint64_t next = figures.drafted_at[ids];
    counted.cost += double(longer - next) * rowCosts[ids];
    longer = next;
  }
}

/// Goes on with a prompt, with drafts of `length` ids.
llvm::Error Trial::run(llvm::ArrayRef<int32_t> prompt, uint32_t length,
                       Counted &counted) const {
  sinter_speculation figures;
  figures.size = sizeof(figures);
  auto tokens = goOn(plan, prompt, length, &figures);
  if (!tokens)
    return tokens.takeError();
  count(figures, counted);
  return llvm::Error::success();
}

namespace {

using Drafters = std::vector<std::string>;

class Choice {
public:
  explicit Choice(const CompileOptions &options) : options(options) {}
  llvm::Expected<CompileOptions> make();

private:
  std::vector<Drafters> candidates() const;
  llvm::Error readTexts(const Trial &trial);
  llvm::Error tryOut(const Drafters &drafters, const std::string &path);
  llvm::Error runAll(Trial &trial, const Drafters &drafters);
  void say(const llvm::Twine &line) const {
    if (!options.quiet)
      llvm::errs() << line << '\n';
  }

  const CompileOptions &options;
  CalibrationTexts texts;
  std::string tried;
  Drafters best;
  double bestGain = 0;
};

} // namespace

/// Drafters that need no table, and the one that was named, alone and behind
/// them.
std::vector<Drafters> Choice::candidates() const {
  std::vector<Drafters> list = {{"copy"},
                                {"lookup"},
                                {"recycle"},
                                {"copy", "lookup"},
                                {"copy", "lookup", "recycle"}};
  for (const std::string &named : options.decode.speculate) {
    list.push_back({named});
    list.push_back({"copy", named});
    list.push_back({"copy", "lookup", named});
  }
  return list;
}

llvm::Error Choice::readTexts(const Trial &trial) {
  if (auto failed = texts.read(trial.plan, options.calibration))
    return failed;
  say("speculate=auto: " + texts.summary());
  return llvm::Error::success();
}

llvm::Error Choice::runAll(Trial &trial, const Drafters &drafters) {
  Counted found;
  uint32_t foundLength = 0;
  for (uint32_t length : kLengths) {
    Counted counted;
    for (const CalibrationTexts::Text &text : texts)
      if (auto failed = trial.run(text.prompt, length, counted))
        return failed;
    if (foundLength == 0 || counted.gain() > found.gain()) {
      found = counted;
      foundLength = length;
    }
  }
  std::string name = llvm::join(drafters, ",");
  say(llvm::formatv("  {0,-24} {1:f2}x: drafts of {2}, {3} of {4} ids right, "
                    "{5:f2} tokens a forward",
                    name, found.gain(), foundLength, found.accepted,
                    found.drafted,
                    double(found.rounds + found.accepted) / found.rounds));
  tried += llvm::formatv("{0}{1} {2:f2}", tried.empty() ? "" : "; ", name,
                         found.gain());
  if (found.gain() > bestGain) {
    bestGain = found.gain();
    best = drafters;
  }
  return llvm::Error::success();
}

llvm::Error Choice::tryOut(const Drafters &drafters, const std::string &path) {
  CompileOptions candidate = options;
  candidate.decode.automatic = false;
  candidate.decode.speculate = drafters;
  if (!llvm::is_contained(drafters, "heads"))
    candidate.decode.heads.clear();
  if (!llvm::is_contained(drafters, "model"))
    candidate.decode.draftModel.clear();
  candidate.artifact.golden = false;
  candidate.output = path;
  candidate.dumpPhasesTo.clear();
  candidate.timing = candidate.progress = false;
  candidate.quiet = true;
  if (mlir::failed(compile(candidate)))
    return error("--speculate=auto: a candidate cannot be compiled");
  Trial trial;
  if (auto failed = trial.open(path))
    return failed;
  if (texts.empty())
    if (auto failed = readTexts(trial))
      return failed;
  return runAll(trial, drafters);
}

llvm::Expected<CompileOptions> Choice::make() {
  std::string path = options.output + ".candidate";
  llvm::scope_exit remove([&] { llvm::sys::fs::remove(path); });
  for (const Drafters &drafters : candidates())
    if (auto failed = tryOut(drafters, path))
      return std::move(failed);
  CompileOptions chosen = options;
  chosen.decode.automatic = false;
  bool pays = bestGain >= kLeastGain;
  chosen.decode.speculate = pays ? best : Drafters();
  if (!pays || !llvm::is_contained(best, "heads"))
    chosen.decode.heads.clear();
  if (!pays || !llvm::is_contained(best, "model"))
    chosen.decode.draftModel.clear();
  std::string name = pays ? llvm::join(best, ",") : "off";
  chosen.decode.choice = name + " of " + tried;
  say("chosen: " + name + (pays ? "" : ", as nothing pays on these texts"));
  return chosen;
}

llvm::Expected<CompileOptions>
sinter::chooseDrafters(const CompileOptions &options) {
  return Choice(options).make();
}
