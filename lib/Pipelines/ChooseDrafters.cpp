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
#include "lib/Target/Plan/TemporaryFile.h"
#include "sinter-c/speculation.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/FormatVariadic.h"

using namespace sinter;

/// A plan that promises less is not worth its drafts: the cost table is wrong
/// by about as much.
static constexpr double kLeastGain = 1.05;
/// What a tree or another policy must gain over what plans have without asking.
static constexpr double kWorthAnother = 1.02;
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

/// Adds a call to the sum.
void Trial::count(const sinter_speculation &figures, Counted &counted) const {
  counted.rounds += figures.rounds;
  counted.drafted += figures.drafted;
  counted.accepted += figures.accepted;
  counted.cost += idCost * double(figures.drafted);
  for (uint32_t i = 0; i < SINTER_SPECULATION_ROWS; ++i)
    counted.cost += double(figures.rounds_of[i]) * rowCosts[i];
}

/// Goes on with a prompt; `length` as goOnDrafting() has it.
llvm::Error Trial::run(llvm::ArrayRef<int32_t> prompt, uint32_t length,
                       Counted &counted) const {
  auto drafted = goOnDrafting(plan, prompt, length);
  if (!drafted)
    return drafted.takeError();
  count(drafted->figures, counted);
  return llvm::Error::success();
}

namespace {

using Drafters = std::vector<std::string>;

/// A way to draft, and what it gained.
struct Candidate {
  Drafters drafters;
  int64_t branches = 0;
  std::string policy = "goodput";
  double gain = 0;
  uint32_t length = 0; ///< of the drafts that gained that; 0: the policy's

  std::string name() const;
};

class Choice {
public:
  explicit Choice(const CompileOptions &options) : options(options) {}
  llvm::Expected<CompileOptions> make();

private:
  std::vector<Candidate> drafters() const;
  std::vector<Candidate> waysOf(const Candidate &best) const;
  llvm::Error readTexts(const Trial &trial);
  llvm::Expected<Candidate> best(std::vector<Candidate> candidates,
                                 llvm::ArrayRef<uint32_t> lengths);
  llvm::Error tryOut(Candidate &candidate, llvm::ArrayRef<uint32_t> lengths);
  llvm::Error runAll(Trial &trial, Candidate &candidate,
                     llvm::ArrayRef<uint32_t> lengths);
  void apply(const Candidate &candidate, DecodePhaseOptions &decode) const;
  void say(const llvm::Twine &line) const {
    if (!options.quiet)
      llvm::errs() << line << '\n';
  }

  const CompileOptions &options;
  CalibrationTexts texts;
  TemporaryFile file; ///< of the plan that is tried
  std::string tried;
};

} // namespace

std::string Candidate::name() const {
  std::string name = llvm::join(drafters, ",");
  if (branches > 0)
    name += llvm::formatv(" --tree={0}", branches + 1);
  if (policy != "goodput")
    name += " --spec-policy=" + policy;
  return name;
}

/// Drafters that need no table, and the one that was named, alone and behind
/// them.
std::vector<Candidate> Choice::drafters() const {
  std::vector<Drafters> lists = {{"copy"},
                                 {"lookup"},
                                 {"recycle"},
                                 {"copy", "lookup"},
                                 {"copy", "lookup", "recycle"}};
  for (const std::string &named : options.decode.speculate) {
    lists.push_back({named});
    lists.push_back({"copy", named});
    lists.push_back({"copy", "lookup", named});
  }
  std::vector<Candidate> candidates;
  for (Drafters &list : lists)
    candidates.push_back(
        {std::move(list), options.decode.branches, options.decode.policy});
  return candidates;
}

/// How the best drafters may draft: what was not asked for is free.
std::vector<Candidate> Choice::waysOf(const Candidate &best) const {
  DecodePhaseOptions decode = options.decode;
  std::vector<Candidate> ways = {best};
  if (decode.freePolicy) {
    ways.push_back({best.drafters, decode.branches,
                    llvm::formatv("static:{0}", best.length)});
    ways.push_back({best.drafters, decode.branches, "ema"});
  }
  const int64_t rows = options.tile.logitsRows;
  decode.automatic = false;
  decode.speculate = best.drafters;
  for (int64_t paths : {2, 4, 8})
    if (decode.freeTree && decode.textDrafts() && paths < rows &&
        paths * rows <= options.tile.maxRows)
      ways.push_back({best.drafters, paths - 1, decode.policy});
  return ways;
}

llvm::Error Choice::readTexts(const Trial &trial) {
  if (auto failed = texts.read(trial.plan, options.calibration))
    return failed;
  say("speculate=auto: " + texts.summary());
  return llvm::Error::success();
}

llvm::Error Choice::runAll(Trial &trial, Candidate &candidate,
                           llvm::ArrayRef<uint32_t> lengths) {
  Counted found;
  for (uint32_t length : lengths) {
    Counted counted;
    for (const CalibrationTexts::Text &text : texts)
      if (auto failed = trial.run(text.prompt, length, counted))
        return failed;
    if (found.rounds == 0 || counted.gain() > found.gain()) {
      found = counted;
      candidate.length = length;
    }
  }
  candidate.gain = found.gain();
  std::string drafts =
      candidate.length > 0
          ? llvm::formatv("drafts of {0}", candidate.length).str()
          : "by policy";
  say(llvm::formatv("  {0,-24} {1:f2}x: {2}, {3} of {4} ids right, "
                    "{5:f2} tokens a forward",
                    candidate.name(), found.gain(), drafts, found.accepted,
                    found.drafted,
                    double(found.rounds + found.accepted) / found.rounds));
  tried += llvm::formatv("{0}{1} {2:f2}", tried.empty() ? "" : "; ",
                         candidate.name(), found.gain());
  return llvm::Error::success();
}

void Choice::apply(const Candidate &candidate,
                   DecodePhaseOptions &decode) const {
  decode.automatic = false;
  decode.speculate = candidate.drafters;
  decode.branches = candidate.branches;
  decode.policy = candidate.policy;
  if (!llvm::is_contained(candidate.drafters, "heads"))
    decode.heads.clear();
  if (!llvm::is_contained(candidate.drafters, "model"))
    decode.draftModel.clear();
}

llvm::Error Choice::tryOut(Candidate &candidate,
                           llvm::ArrayRef<uint32_t> lengths) {
  CompileOptions trying = options;
  apply(candidate, trying.decode);
  trying.artifact.golden = false;
  trying.output = file.path();
  trying.dumpPhasesTo.clear();
  trying.timing = trying.progress = false;
  trying.quiet = true;
  if (mlir::failed(compile(trying)))
    return error("--speculate=auto: a candidate cannot be compiled");
  Trial trial;
  if (auto failed = trial.open(file.path()))
    return failed;
  if (texts.empty())
    if (auto failed = readTexts(trial))
      return failed;
  return runAll(trial, candidate, lengths);
}

/// Of equal ones the first. A later one must be worth what it is more to
/// understand.
llvm::Expected<Candidate> Choice::best(std::vector<Candidate> candidates,
                                       llvm::ArrayRef<uint32_t> lengths) {
  Candidate *best = nullptr;
  for (Candidate &candidate : candidates) {
    if (auto failed = tryOut(candidate, lengths))
      return std::move(failed);
    if (!best || candidate.gain > best->gain)
      best = &candidate;
  }
  if (best->length == 0 && best->gain < candidates[0].gain * kWorthAnother)
    best = &candidates[0];
  return *best;
}

llvm::Expected<CompileOptions> Choice::make() {
  if (auto failed = file.create(options.output))
    return std::move(failed);
  auto chosen = best(drafters(), kLengths);
  if (!chosen)
    return chosen.takeError();
  if (chosen->gain >= kLeastGain)
    chosen = best(waysOf(*chosen), {0});
  if (!chosen)
    return chosen.takeError();
  bool pays = chosen->gain >= kLeastGain;
  CompileOptions made = options;
  apply(pays ? *chosen : Candidate(), made.decode);
  std::string name = pays ? chosen->name() : "off";
  made.decode.choice = name + " of " + tried;
  say("chosen: " + name + (pays ? "" : ", as nothing pays on these texts"));
  return made;
}

llvm::Expected<CompileOptions>
sinter::chooseDrafters(const CompileOptions &options) {
  return Choice(options).make();
}
