//===- LayerStudy.cpp - what a model loses with its layers
//
// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Pipelines/LayerStudy.h"

#include "lib/Pipelines/CalibrationTexts.h"
#include "lib/Pipelines/Compiler.h"
#include "lib/Pipelines/DepthStudy.h"
#include "lib/Pipelines/FfnStudy.h"
#include "lib/Pipelines/PlanProbe.h"
#include "lib/Target/Plan/TemporaryFile.h"
#include "lib/Transforms/Skip/LayerOrder.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/FormatVariadic.h"

using namespace mlir;
using namespace sinter;

/// Ids of it that are read.
static constexpr size_t kMostIds = 192;
/// Of the layers that might go next, how many are tried: the others lost more
/// when they were tried last.
static constexpr size_t kTried = 6;

namespace {

/// The whole model as a plan in a file that goes away.
class StudyPlan {
public:
  LogicalResult compile(const CompileOptions &asked, ArrayRef<int64_t> layers);
  const std::string &path() const { return file.path(); }

private:
  TemporaryFile file;
};

class Study {
public:
  explicit Study(CompileOptions &options) : options(options) {}
  llvm::Error run();
  StudyPlan plan;

private:
  llvm::Error readText();
  llvm::Error measureDropped();
  llvm::Error chooseDropped();
  llvm::Error chooseDepths();
  void leaveOutDepths();
  llvm::Error chooseFfnLayers();
  llvm::Error measureFfns();
  void addFfns(const FfnLoss &measured);
  llvm::Error orderLayers(size_t count);
  llvm::Expected<std::pair<uint32_t, Loss>>
  next(std::vector<std::pair<double, uint32_t>> &left);
  void add(StringRef prefix, const Loss &loss);
  /// Of a model without `count` layers.
  void add(StringRef prefix, const Loss &loss, size_t count);

  CompileOptions &options;
  PlanProbe probe;
  SmallVector<uint32_t> gone; // in this order
  std::vector<Loss> losses;   // after each
};

} // namespace

/// Beside the output, where there is room for a plan.
LogicalResult StudyPlan::compile(const CompileOptions &asked,
                                 ArrayRef<int64_t> layers) {
  if (llvm::Error failed = file.create(asked.output)) {
    llvm::errs() << "llm-compile: error: " << llvm::toString(std::move(failed))
                 << '\n';
    return failure();
  }
  CompileOptions whole = asked;
  whole.output = path();
  whole.dumpPhasesTo.clear();
  whole.timing = false;
  whole.quiet = true;
  whole.progress = false;
  whole.outline = OutlinePhaseOptions();
  whole.decode = DecodePhaseOptions();
  whole.decode.ffnStudy = asked.decode.skipsFfns();
  whole.decode.layerStudy = !whole.decode.ffnStudy;
  whole.decode.layerOrder.assign(layers.begin(), layers.end());
  if (asked.decode.retrieves)
    whole.decode.depthStore = "empty"; // it makes keys
  whole.artifact.golden = whole.artifact.measureCost = false;
  whole.artifact.quality.clear();
  return sinter::compile(whole);
}

/// The layer whose absence, beside those that are gone, costs least. `left` is
/// kept in the order of what each cost when it was tried last.
llvm::Expected<std::pair<uint32_t, Loss>>
Study::next(std::vector<std::pair<double, uint32_t>> &left) {
  std::optional<std::pair<uint32_t, Loss>> best;
  size_t tried = gone.empty() ? left.size() : std::min(kTried, left.size());
  for (auto &[cost, layer] : MutableArrayRef(left).take_front(tried)) {
    SmallVector<uint32_t> skipped(gone);
    skipped.push_back(layer);
    auto loss = probe.without(skipped);
    if (!loss)
      return loss.takeError();
    cost = loss->kl;
    if (!best || loss->kl < best->second.kl)
      best = {layer, *loss};
  }
  llvm::erase_if(
      left, [&](const auto &entry) { return entry.second == best->first; });
  llvm::sort(left);
  return *best;
}

llvm::Error Study::orderLayers(size_t count) {
  std::vector<std::pair<double, uint32_t>> left;
  int64_t cold = coldLayers(probe.layers());
  for (int64_t layer = cold; layer < probe.layers() - cold; ++layer)
    left.emplace_back(0, uint32_t(layer));
  if (count > left.size())
    return llvm::createStringError(llvm::formatv(
        "{0} of {1} {2} cannot go: the first {3} and the last "
        "{3} stay",
        count, probe.layers(),
        options.decode.ffnPercent > 0 ? "feed-forward blocks" : "layers",
        cold));
  while (gone.size() < count) {
    auto found = next(left);
    if (!found)
      return found.takeError();
    gone.push_back(found->first);
    losses.push_back(found->second);
  }
  return llvm::Error::success();
}

void Study::add(StringRef prefix, const Loss &loss) {
  auto &quality = options.artifact.quality;
  quality.emplace_back((prefix + "kl").str(), llvm::formatv("{0:f3}", loss.kl));
  quality.emplace_back((prefix + "agreement").str(),
                       llvm::formatv("{0:f3}", loss.agreement));
}

void Study::add(StringRef prefix, const Loss &loss, size_t count) {
  add(prefix, loss);
  options.artifact.quality.emplace_back(
      (prefix + "layers_saved").str(),
      llvm::formatv("{0} of {1}", count, probe.layers()));
}

llvm::Error Study::readText() {
  auto ids = readCalibration(probe.get(), options.calibration);
  if (!ids)
    return ids.takeError();
  size_t most = sinter_plan_number(probe.get(), SINTER_MAX_CONTEXT);
  ids->resize(std::min({ids->size(), most, kMostIds}));
  return probe.setText(std::move(*ids));
}

llvm::Error Study::measureDropped() {
  const std::vector<int64_t> &dropped = options.outline.dropLayers;
  SmallVector<uint32_t> skipped(dropped.begin(), dropped.end());
  auto loss = probe.without(skipped);
  if (!loss)
    return loss.takeError();
  add("", *loss, skipped.size());
  return llvm::Error::success();
}

llvm::Error Study::chooseDropped() {
  int64_t layers = probe.layers(), percent = options.outline.dropPercent;
  int64_t count = layers - keptLayers(layers, 100 - percent);
  if (count == 0)
    return llvm::createStringError(
        llvm::formatv("{0} % of {1} layers are none", percent, layers));
  if (auto failed = orderLayers(size_t(count)))
    return failed;
  options.outline.dropLayers.assign(gone.begin(), gone.end());
  llvm::sort(options.outline.dropLayers);
  add("", losses.back(), gone.size());
  return llvm::Error::success();
}

/// Models of few layers cannot do without as many as others.
void Study::leaveOutDepths() {
  DecodePhaseOptions &decode = options.decode;
  const int64_t layers = probe.layers();
  const int64_t possible = layers - 2 * coldLayers(layers);
  int64_t before = 0;
  std::vector<int64_t> shares;
  for (int64_t percent : decode.depths) {
    int64_t gone = layers - keptLayers(layers, percent);
    if (gone <= before || gone > possible)
      continue;
    before = gone;
    shares.push_back(percent);
  }
  if (shares.empty())
    return; // refused below
  decode.depths = shares;
  decode.depthsFrom.assign(shares.size(), 0);
}

llvm::Error Study::chooseDepths() {
  if (options.decode.depthsByDefault)
    leaveOutDepths();
  int64_t layers = probe.layers();
  auto goneAt = [&](int64_t percent) {
    return size_t(layers - keptLayers(layers, percent));
  };
  if (auto failed = orderLayers(goneAt(options.decode.depths.back())))
    return failed;
  options.decode.layerOrder.assign(gone.begin(), gone.end());
  for (int64_t percent : options.decode.depths)
    if (size_t count = goneAt(percent); count > 0 && count <= gone.size())
      add(llvm::formatv("depth.{0}.", percent).str(), losses[count - 1], count);
  if (options.decode.retrieves)
    return makeDepthStore(probe, options);
  return llvm::Error::success(); // the pass refuses shares that do not fall
}

void Study::addFfns(const FfnLoss &measured) {
  add("", measured.loss);
  options.artifact.quality.emplace_back(
      "ffns_saved", llvm::formatv("{0:f3}", measured.share));
}

llvm::Error Study::chooseFfnLayers() {
  double share = double(options.decode.ffnPercent) / 100;
  int64_t layers = probe.layers();
  size_t possible = size_t(layers - 2 * coldLayers(layers));
  size_t fewest = fewestFfns(probe.layers(), share);
  size_t most = std::min(mostFfns(probe.layers(), share), possible);
  if (auto failed = orderLayers(std::max(fewest, most)))
    return failed;
  auto choice = chooseFfns(probe, gone, share);
  if (!choice)
    return choice.takeError();
  options.decode.ffnLayers.assign(choice->layers.begin(), choice->layers.end());
  llvm::sort(options.decode.ffnLayers);
  options.decode.ffnThreshold = choice->threshold;
  addFfns(choice->measured);
  return llvm::Error::success();
}

llvm::Error Study::measureFfns() {
  const std::vector<int64_t> &layers = options.decode.ffnLayers;
  int64_t cold = coldLayers(probe.layers()), last = probe.layers() - cold - 1;
  for (int64_t layer : layers)
    if (layer < cold || layer > last)
      return llvm::createStringError(
          llvm::formatv("the feed-forward block of layer {0} cannot go, those "
                        "of layers {1} to {2} can",
                        layer, cold, last));
  auto measured =
      probe.replay(SmallVector<uint32_t>(layers.begin(), layers.end()),
                   float(options.decode.ffnThreshold));
  if (!measured)
    return measured.takeError();
  addFfns(*measured);
  return llvm::Error::success();
}

llvm::Error Study::run() {
  if (auto failed = probe.open(plan.path(), options.threads))
    return failed;
  if (auto failed = readText())
    return failed;
  if (options.decode.skipsFfns()) {
    if (auto failed = probe.setWarmUp(uint32_t(options.decode.ffnWarmUp)))
      return failed;
    return options.decode.ffnPercent > 0 ? chooseFfnLayers() : measureFfns();
  }
  if (!options.outline.dropLayers.empty())
    return measureDropped();
  if (options.outline.dropPercent > 0)
    return chooseDropped();
  return chooseDepths();
}

LogicalResult sinter::studyLayers(CompileOptions &options) {
  const OutlinePhaseOptions &outline = options.outline;
  bool wanted = outline.dropPercent > 0 || !outline.dropLayers.empty() ||
                !options.decode.depths.empty() || options.decode.retrieves ||
                options.decode.skipsFfns();
  if (!wanted || options.from != Phase::Start || options.to != Phase::Artifact)
    return success();
  if (readsDepthStore(options))
    return useDepthStore(options);
  Study study(options);
  if (failed(study.plan.compile(options, outline.dropLayers)))
    return failure();
  if (llvm::Error failed = study.run()) {
    llvm::errs() << "llm-compile: error: " << toString(std::move(failed))
                 << '\n';
    return failure();
  }
  return success();
}
