//===- DepthStudy.cpp - which depth suits which text
//
// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Pipelines/DepthStudy.h"

#include "lib/Pipelines/Cache.h"
#include "lib/Pipelines/CalibrationTexts.h"
#include "lib/Target/Plan/TemporaryFile.h"
#include "lib/Transforms/Skip/LayerOrder.h"
#include "llvm/Support/FormatVariadic.h"

#include <cmath>

using namespace sinter;

static constexpr size_t kHeldBack = 3; ///< one text of so many

static llvm::Error error(const llvm::Twine &message) {
  return llvm::createStringError("--early-exit=sequence:retrieve: " + message);
}

namespace {

class DepthStudy {
public:
  DepthStudy(PlanProbe &probe, CompileOptions &options)
      : probe(probe), options(options) {}
  llvm::Error make();

private:
  llvm::Error learn(const CalibrationTexts::Text &text, bool holds);
  llvm::Expected<std::vector<float>> keyOf(const CalibrationTexts::Text &text);
  llvm::Error keep();
  llvm::ArrayRef<uint32_t> skipped(size_t depth) const;

  PlanProbe &probe;
  CompileOptions &options;
  DepthStore store;
  llvm::SmallVector<uint32_t> order;
};

} // namespace

/// How many of the texts choose, which have to be there.
static llvm::Error chooseNearest(RetrievalRule &rule, size_t entries) {
  auto all = int64_t(entries);
  if (rule.nearest > all)
    return error(llvm::formatv("nearest={0}, but the store has {1} texts",
                               rule.nearest, all));
  if (rule.nearest == 0)
    rule.nearest = std::min(RetrievalRule::kNearest, all);
  return llvm::Error::success();
}

/// How many layers go at each depth.
static std::vector<int64_t> skippedLayers(const DepthStore &store,
                                          int64_t layers) {
  std::vector<int64_t> counts = {0};
  for (int64_t percent : store.percents)
    counts.push_back(layers - keptLayers(layers, percent));
  return counts;
}

/// What the plan says of its store, and who reads along.
static void describe(const DepthStore &store, int64_t layers,
                     CompileOptions &options) {
  auto skips = skippedLayers(store, layers);
  auto figures = store.measure(options.decode.retrieval, skips);
  auto add = [&](const char *name, const std::string &value) {
    options.artifact.quality.emplace_back(name, value);
  };
  add("kl", llvm::formatv("{0:f3}", figures.kl));
  add("agreement", llvm::formatv("{0:f3}", figures.agreement));
  add("layers_saved",
      llvm::formatv("{0:f1} of {1}", figures.layersSaved, layers));
  std::string chosen;
  for (auto [depth, texts] : llvm::enumerate(figures.chosen))
    chosen += llvm::formatv("{0}{1} x {2} %", depth ? ", " : "", texts,
                            depth ? store.percents[depth - 1] : 100);
  add("retrieved", chosen);
  if (!options.quiet)
    llvm::errs() << llvm::formatv(
        "early-exit=sequence: {0} texts in the store, {1} held back, which get "
        "{2}: kl {3:f3}, agreement {4:f3}, layers saved {5:f1} of {6}\n",
        store.entries.size(), store.held.size(), chosen, figures.kl,
        figures.agreement, figures.layersSaved, layers);
}

llvm::ArrayRef<uint32_t> DepthStudy::skipped(size_t depth) const {
  return llvm::ArrayRef(order).take_front(
      skippedLayers(store, probe.layers())[depth]);
}

/// Of length 1: only directions are compared.
llvm::Expected<std::vector<float>>
DepthStudy::keyOf(const CalibrationTexts::Text &text) {
  auto key = probe.keyOf(text.prompt);
  if (!key)
    return key.takeError();
  double squares = 0;
  for (float number : *key)
    squares += double(number) * number;
  if (!(squares > 0) || !std::isfinite(squares))
    return error("a text has no key: its embedding adds up to nothing");
  for (float &number : *key)
    number = float(number / std::sqrt(squares));
  return key;
}

/// The last token of an answer is never read.
llvm::Error DepthStudy::learn(const CalibrationTexts::Text &text, bool holds) {
  std::vector<int32_t> ids(text.prompt);
  ids.insert(ids.end(), text.answer.begin(), text.answer.end() - 1);
  if (auto failed =
          probe.setText(std::move(ids), uint32_t(text.prompt.size()) - 1))
    return failed;
  auto key = keyOf(text);
  if (!key)
    return key.takeError();
  std::vector<float> law, kl, agreement;
  for (size_t depth = 0; depth < store.depths(); ++depth) {
    auto loss = probe.without(skipped(depth));
    if (!loss)
      return loss.takeError();
    law.push_back(float(loss->chance));
    kl.push_back(float(loss->kl));
    agreement.push_back(float(loss->agreement));
  }
  if (holds)
    store.held.push_back(
        {std::move(*key), std::move(kl), std::move(agreement)});
  else
    store.entries.push_back({std::move(*key), std::move(law)});
  return llvm::Error::success();
}

/// In the file that the user names, or one that goes away.
llvm::Error DepthStudy::keep() {
  if (!options.decode.savesStore) {
    options.decode.ownStore = std::make_shared<TemporaryFile>();
    if (auto failed = options.decode.ownStore->create(options.output))
      return failed;
    options.decode.depthStore = options.decode.ownStore->path();
  }
  return store.write(options.decode.depthStore);
}

llvm::Error DepthStudy::make() {
  CalibrationTexts texts;
  if (auto failed = texts.read(probe.get(), options.calibration))
    return failed;
  if (texts.size() < kHeldBack)
    return error(llvm::formatv("{0} texts to learn from, at least {1} are "
                               "needed: one of {1} is held back; see "
                               "--calibration",
                               texts.size(), kHeldBack));
  if (auto failed = chooseNearest(options.decode.retrieval,
                                  texts.size() - texts.size() / kHeldBack))
    return failed;
  Cache cache(options.cache.folder, options.cache.limit);
  auto model = sourceDigest(options.input, cache);
  if (!model)
    return model.takeError();
  store.model = *model;
  store.layers = probe.layers();
  store.percents = options.decode.depths;
  store.order = options.decode.layerOrder;
  order.assign(store.order.begin(), store.order.end());
  store.quality = options.artifact.quality;
  size_t number = 0;
  for (const CalibrationTexts::Text &text : texts)
    if (auto failed = learn(text, ++number % kHeldBack == 0))
      return failed;
  describe(store, probe.layers(), options);
  return keep();
}

llvm::Error sinter::makeDepthStore(PlanProbe &probe, CompileOptions &options) {
  return DepthStudy(probe, options).make();
}

bool sinter::readsDepthStore(const CompileOptions &options) {
  return options.decode.retrieves && !options.decode.depthStore.empty() &&
         !options.decode.savesStore;
}

static llvm::Error use(CompileOptions &options) {
  DecodePhaseOptions &decode = options.decode;
  auto store = DepthStore::read(decode.depthStore);
  if (!store)
    return store.takeError();
  Cache cache(options.cache.folder, options.cache.limit);
  auto model = sourceDigest(options.input, cache);
  if (!model)
    return model.takeError();
  auto wrong = [&](const llvm::Twine &what) {
    return llvm::createStringError(decode.depthStore + ": " + what);
  };
  if (store->model != *model)
    return wrong("was made for another model than " + options.input);
  if (!decode.depths.empty() && decode.depths != store->percents)
    return wrong("was made for other depths than those of --depths");
  if (auto failed = chooseNearest(decode.retrieval, store->entries.size()))
    return failed;
  decode.depths = store->percents;
  decode.depthsFrom.assign(decode.depths.size(), 0);
  decode.layerOrder = store->order;
  llvm::append_range(options.artifact.quality, store->quality);
  describe(*store, store->layers, options);
  return llvm::Error::success();
}

llvm::LogicalResult sinter::useDepthStore(CompileOptions &options) {
  if (auto failed = use(options)) {
    llvm::errs() << "llm-compile: error: " << toString(std::move(failed))
                 << '\n';
    return llvm::failure();
  }
  return llvm::success();
}
