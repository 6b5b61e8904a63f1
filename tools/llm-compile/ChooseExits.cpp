//===- ChooseExits.cpp - --early-exit=auto --------------------------------===//
//
// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "tools/llm-compile/ChooseExits.h"

#include "lib/Pipelines/CalibrationTexts.h"
#include "lib/Pipelines/ChooseDrafters.h"
#include "lib/Pipelines/Compiler.h"
#include "lib/Target/Plan/PlanFile.h"
#include "lib/Target/Plan/TemporaryFile.h"
#include "tools/common/ExitCost.h"
#include "tools/common/ExitFigures.h"
#include "tools/common/Failure.h"
#include "tools/common/MeasureExits.h"
#include "tools/llm-compile/Flags.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/FormatVariadic.h"

using namespace sinter;
using namespace sinter::tools;

/// Of the likeliest tokens, those that must stay the same.
static constexpr double kLeastAgreement = 0.97;
/// A plan that promises less is not worth what it loses.
static constexpr double kLeastGain = 1.02;
/// Tokens of a head that is trimmed.
static constexpr uint32_t kTrimmed = 1024;

static void orThrow(llvm::Error error) {
  if (error)
    throw Failure("--early-exit=auto: " + llvm::toString(std::move(error)));
}

/// Bytes of weights that a function of the plan reads whole: the embedding,
/// which writes no state, reads a row.
static double weightBytes(const plan::Plan &plan, llvm::StringRef name,
                          bool ofLayers) {
  double bytes = 0;
  auto add = [&](const plan::Dispatch &dispatch) {
    bool state = llvm::any_of(*dispatch.bindings(), [](const auto *binding) {
      return binding->kind() == plan::BindingKind::StatePlane;
    });
    for (const plan::Binding *binding : *dispatch.bindings())
      for (const plan::Weight *weight : *plan.weights())
        if (state == ofLayers &&
            binding->kind() == plan::BindingKind::Section &&
            binding->index() == weight->section() &&
            binding->offset() == weight->offset())
          bytes += double(weight->bytes());
  };
  for (const plan::Function *function : *plan.functions())
    if (function->name()->string_view() == std::string_view(name))
      for (const plan::Op *op : *function->body()->ops())
        if (const plan::Dispatch *dispatch = op->op_as_Dispatch())
          add(*dispatch);
  return bytes;
}

static ExitCosts costsOf(const plan::Plan &plan,
                         const CompileOptions &options) {
  ExitCosts costs;
  if (!plan.costs() || !plan.exits())
    throw Failure("--early-exit=auto: a candidate has no table of costs");
  size_t most = std::min<size_t>(plan.costs()->rows()->size(),
                                 size_t(options.decode.mostWaiting) + 1);
  costs.rows.assign(plan.costs()->rows()->begin(),
                    plan.costs()->rows()->begin() + ptrdiff_t(most));
  double layers = weightBytes(plan, "forward", /*ofLayers=*/true);
  double head = weightBytes(plan, "head", /*ofLayers=*/false);
  costs.head = head / std::max(1.0, layers + head);
  for (const plan::Exit *exit : *plan.exits()) {
    bool asksHead = exit->probe() <= plan::ProbeKind::Entropy;
    costs.readHead.push_back(asksHead && exit->tokens() == 0);
    costs.probes.push_back(costs.head * exit->tokens() /
                           std::max<uint32_t>(1, plan.vocabulary()));
  }
  return costs;
}

namespace {

/// What a candidate is worth.
struct Found {
  std::vector<std::string> exits;
  ExitQuality quality;
  size_t positions = 0;
  double gain = 1;
};

class Choice {
public:
  explicit Choice(CompileOptions &options) : options(options) {}
  void make();

private:
  void tryOut(const std::vector<std::string> &exits);
  Found measure(const std::string &path);
  void say(const llvm::Twine &line) const {
    if (!options.quiet)
      llvm::errs() << line << '\n';
  }

  CompileOptions &options;
  CalibrationTexts texts;
  uint32_t vocabulary = 0;
  std::string tried;
  Found best;
};

} // namespace

Found Choice::measure(const std::string &path) {
  auto file = PlanFile::open(path, /*verifyWeights=*/false);
  if (!file)
    orThrow(file.takeError());
  const ExitCosts costs = costsOf(file->tables(), options);
  const Plan plan = Plan::open(path).orThrow();
  vocabulary = plan.vocabulary();
  if (texts.empty()) {
    orThrow(texts.read(plan.get(), options.calibration));
    say("early-exit=auto: " + texts.summary() +
        llvm::formatv(", at least {0:f2} of them the same", kLeastAgreement)
            .str());
  }
  const Exits exits = plan.session().orThrow().exits().orThrow();
  ExitCalibration calibration = calibrationOf(exits);
  size_t half = 0, count = llvm::range_size(texts);
  for (auto [index, text] : llvm::enumerate(texts)) {
    std::vector<int32_t> ids(text.prompt);
    ids.insert(ids.end(), text.answer.begin(), text.answer.end());
    SessionOptions size;
    size.context = uint32_t(ids.size());
    Session session = plan.session(size).orThrow();
    measureExits(session, ids, text.prompt.size() - 1, calibration);
    if (index + 1 == (count + 1) / 2)
      half = calibration.size();
  }
  // A single text is halved.
  if (count == 1)
    half = calibration.size() / 2;
  ExitTarget target;
  target.agreement = kLeastAgreement;
  const std::vector<double> thresholds = calibration.choose(target, 0, half);
  Found found;
  found.exits = exitTexts(exits, thresholds);
  found.quality = calibration.quality(thresholds, half, calibration.size());
  found.positions = calibration.size() - half;
  found.gain =
      double(found.positions) /
      countedCost(calibration, thresholds, half, calibration.size(), costs);
  return found;
}

void Choice::tryOut(const std::vector<std::string> &exits) {
  CompileOptions candidate = options;
  TemporaryFile file;
  if (auto failed = file.create(options.output))
    throw Failure(llvm::toString(std::move(failed)));
  candidate.output = file.path();
  candidate.decode.automaticExits = false;
  candidate.decode.exits = exits;
  candidate.artifact.golden = false;
  candidate.dumpPhasesTo.clear();
  candidate.timing = candidate.progress = false;
  candidate.quiet = true;
  if (mlir::failed(compile(candidate)))
    throw Failure("--early-exit=auto: a candidate cannot be compiled");
  Found found = measure(candidate.output);
  std::string name = llvm::join(exits, ",");
  say(llvm::formatv("  {0,-24} {1:f2}x: kl {2:f4}, agreement {3:f4}, layers "
                    "saved {4:f4}",
                    name, found.gain, found.quality.kl, found.quality.agreement,
                    found.quality.saved));
  tried += llvm::formatv("{0}{1} {2:f2}", tried.empty() ? "" : "; ", name,
                         found.gain);
  // Chosen on one half, it has to hold on the other.
  if (!found.exits.empty() && found.gain > best.gain &&
      found.quality.agreement >= kLeastAgreement)
    best = std::move(found);
}

void Choice::make() {
  const std::vector<std::string> named = options.decode.exits;
  options.decode.exitQuality.clear();
  if (!named.empty())
    tryOut(named);
  tryOut({"similarity"});
  if (vocabulary > kTrimmed)
    tryOut({"max_prob:" + std::to_string(kTrimmed)});
  bool pays = best.gain >= kLeastGain;
  options.decode.automaticExits = false;
  options.decode.exits = pays ? best.exits : std::vector<std::string>();
  if (llvm::none_of(options.decode.exits, isLinear))
    options.decode.exitProbes.clear();
  std::string name = pays ? llvm::join(best.exits, ",") : "off";
  options.decode.exitChoice = name + " of " + tried;
  if (pays)
    options.decode.exitQuality =
        llvm::formatv("kl {0:f4}, agreement {1:f4}, layers saved {2:f4} on {3} "
                      "positions",
                      best.quality.kl, best.quality.agreement,
                      best.quality.saved, best.positions);
  say("chosen: " + name +
      (pays ? ""
            : ", as nothing that keeps so many tokens pays on "
              "these texts"));
}

void chooseExits(CompileOptions &options) { Choice(options).make(); }

void chooseDraftsOrExits(CompileOptions &options) {
  CompileOptions drafting = options;
  drafting.decode.automaticExits = false;
  drafting.decode.exits.clear();
  drafting.decode.exitProbes.clear();
  auto chosen = chooseDrafters(drafting);
  if (!chosen)
    throw Failure(llvm::toString(chosen.takeError()));
  if (!chosen->decode.drafts()) {
    options.decode.automatic = false;
    options.decode.speculate.clear();
    options.decode.choice = chosen->decode.choice;
    return chooseExits(options);
  }
  options = std::move(*chosen);
  options.decode.exitChoice = "off of nothing: drafts pay, and lose nothing";
  if (!options.quiet)
    llvm::errs() << "early-exit=auto: off, as drafts pay, and lose nothing\n";
}
