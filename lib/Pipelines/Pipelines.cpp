//===- Pipelines.cpp - the passes of each phase ---------------------------===//
//
// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Pipelines/Pipelines.h"

#include "lib/Conversion/DecodeToPlan/DecodeToPlan.h"
#include "lib/Conversion/LlmToTile/LlmToTile.h"
#include "lib/Transforms/Passes.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Pass/PassRegistry.h"
#include "mlir/Transforms/Passes.h"

using namespace mlir;
using namespace sinter;

static void buildFuse(OpPassManager &manager) {
  manager.addPass(createFuseAttention());
  // Gated units first: what is left of their linears may still be stacked.
  manager.addPass(createFuseGatedMlp());
  manager.addPass(createMergeLinears());
  manager.addPass(createVerifyFused());
}

void sinter::buildOutline(OpPassManager &manager,
                          ArrayRef<int64_t> dropLayers) {
  manager.addPass(createOutlineLayers());
  DropLayersOptions drop;
  drop.layers.assign(dropLayers.begin(), dropLayers.end());
  manager.addPass(createDropLayers(drop));
}

static void buildTile(OpPassManager &manager, const TilePhaseOptions &options,
                      const DecodePhaseOptions &decode) {
  LlmToTileOptions convert;
  convert.activations = options.activations;
  convert.attention = options.attentionBf16() ? "bf16" : "f32";
  convert.kv = options.kvTypes();
  convert.kvWindow = options.kvWindow;
  convert.kvSinks = options.kvSinks;
  convert.kvSlack = options.kvSlack;
  convert.maxRows = options.maxRows;
  convert.logitsRows = options.logitsRows;
  convert.maxContext = options.maxContext;
  convert.verifyRule = decode.verifyRule;
  convert.proposals =
      decode.modelDrafts() || llvm::is_contained(decode.speculate, "heads");
  convert.summarize = decode.looksAtRows() || decode.switchesModels();
  convert.best = decode.modelDraftsTrees();
  convert.ranked = decode.ranked();
  manager.addPass(createLlmToTile(convert));
  manager.addNestedPass<func::FuncOp>(createPlaceBarriers());
  // After the barriers: memory is reused where there is one, and needs no
  // other.
  manager.addPass(createPlanArena());
  manager.addPass(createVerifyTiled());
}

static void buildDepths(OpPassManager &manager,
                        const DecodePhaseOptions &options) {
  LayerMenuOptions menu;
  menu.shares.assign(options.depths.begin(), options.depths.end());
  menu.from.assign(options.depthsFrom.begin(), options.depthsFrom.end());
  menu.order.assign(options.layerOrder.begin(), options.layerOrder.end());
  menu.study = options.layerStudy || options.ffnStudy;
  menu.guards = !options.ffnStudy;
  manager.addPass(createLayerMenu(menu));
  RetrieveDepthOptions retrieve;
  retrieve.store = options.depthStore;
  retrieve.nearest = options.retrieval.nearest;
  retrieve.similar = options.retrieval.similar;
  retrieve.keep = options.retrieval.keep;
  manager.addPass(createRetrieveDepth(retrieve));
  SkipFfnsOptions skip;
  skip.layers.assign(options.ffnLayers.begin(), options.ffnLayers.end());
  skip.threshold = options.ffnThreshold;
  skip.warmUp = options.ffnWarmUp;
  skip.study = options.ffnStudy;
  manager.addPass(createSkipFfns(skip));
}

void sinter::buildPhase(OpPassManager &manager, Phase phase,
                        const CompileOptions &options) {
  switch (phase) {
  case Phase::Import:
    return manager.addPass(createVerifyImported());
  case Phase::Fuse:
    return buildFuse(manager);
  case Phase::Outline:
    buildOutline(manager, options.outline.dropLayers);
    if (options.decode.skipsFfns())
      manager.addPass(createSplitLayers());
    return manager.addPass(createVerifyOutlined());
  case Phase::Tile:
    return buildTile(manager, options.tile, options.decode);
  case Phase::Decode: {
    BuildGenerationOptions build;
    build.maxRows = options.tile.maxRows;
    build.logitsRows = options.tile.logitsRows;
    build.speculate.assign(options.decode.speculate.begin(),
                           options.decode.speculate.end());
    build.verifyRule = options.decode.verifyRule.substr(
        0, options.decode.verifyRule.find(':'));
    build.bandit = options.decode.bandit;
    build.policy = options.decode.policy;
    build.settings.assign(options.decode.settings.begin(),
                          options.decode.settings.end());
    build.branches = options.decode.branches;
    build.modelTrees = options.decode.modelDraftsTrees();
    manager.addPass(createLinkDraft(
        {options.decode.switchesModels(), options.decode.draftVocabulary}));
    if (llvm::is_contained(options.decode.speculate, "self"))
      manager.addPass(createSelfDraft(
          {options.decode.selfLayers, options.decode.draftVocabulary}));
    build.exits.assign(options.decode.exits.begin(),
                       options.decode.exits.end());
    build.waiting = options.decode.mostWaiting;
    build.exactExits = options.decode.exactExits;
    build.exitStop = options.decode.exitStop;
    build.exitDecay = options.decode.exitDecay;
    CutLayersOptions cut;
    cut.exits.assign(options.decode.exits.begin(), options.decode.exits.end());
    cut.waiting = options.decode.mostWaiting;
    cut.probes = options.decode.exitProbes;
    manager.addPass(createCutLayers(cut));
    manager.addPass(createBuildGeneration(build));
    manager.addPass(createPredictCosts());
    if (!options.decode.acceptance.empty()) {
      ChooseTreeOptions tree;
      tree.acceptance.assign(options.decode.acceptance.begin(),
                             options.decode.acceptance.end());
      manager.addPass(createChooseTree(tree));
    }
    buildDepths(manager, options.decode);
    return manager.addPass(createVerifyDecoded());
  }
  case Phase::Plan:
    manager.addPass(createDecodeToPlan());
    return manager.addPass(createVerifyPlanned());
  case Phase::Start:
  case Phase::Artifact:
    return;
  }
}

void sinter::registerPhasePipelines() {
  for (const PhaseInfo &info : phases()) {
    if (info.phase == Phase::Artifact)
      continue;
    Phase phase = info.phase;
    PassPipelineRegistration<>(info.pipeline, info.summary,
                               [phase](OpPassManager &manager) {
                                 buildPhase(manager, phase, CompileOptions());
                               });
  }
}
