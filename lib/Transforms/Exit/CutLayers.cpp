//===- CutLayers.cpp - a forward that can be left before its last layer
//
// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Transforms/Exit/ExitFunctions.h"
#include "lib/Transforms/Launches.h"
#include "lib/Transforms/Passes.h"

#include "dialects/Llm/LlmDialect.h"
#include "dialects/Tile/StripLayout.h"
#include "llvm/Support/FormatVariadic.h"

namespace sinter {
#define GEN_PASS_DEF_CUTLAYERS
#include "lib/Transforms/Passes.h.inc"
} // namespace sinter

using namespace mlir;
using namespace sinter;

namespace {

class CutLayersPass : public sinter::impl::CutLayersBase<CutLayersPass> {
  using CutLayersBase::CutLayersBase;

  void runOnOperation() override;
  LogicalResult find();
  LogicalResult openProbes(std::unique_ptr<safetensors::File> &file);
  void segment(unsigned index, int64_t first, int64_t last, bool looksBack);
  void weigh(const decode::ExitOptions &cut);

  func::FuncOp forward, head;
  tile::StateOp cache;
};

} // namespace

LogicalResult CutLayersPass::find() {
  ModuleOp module = getOperation();
  forward = module.lookupSymbol<func::FuncOp>("forward");
  head = module.lookupSymbol<func::FuncOp>("head");
  cache = module.lookupSymbol<tile::StateOp>("kv");
  if (!forward || !head || !cache)
    return module.emitError("a model whose layers are cut has @forward, @head "
                            "and a tile.state @kv");
  return success();
}

/// The file of linear probes, where there is one.
LogicalResult
CutLayersPass::openProbes(std::unique_ptr<safetensors::File> &file) {
  if (probes.empty())
    return success();
  auto opened = safetensors::File::open(probes);
  if (!opened)
    return getOperation().emitError("exits: ")
           << llvm::toString(opened.takeError());
  file = std::move(*opened);
  return success();
}

/// Launches of the layers [first, last), with what stands before the first one.
void CutLayersPass::segment(unsigned index, int64_t first, int64_t last,
                            bool looksBack) {
  auto builder = OpBuilder::atBlockEnd(getOperation().getBody());
  auto part = cast<func::FuncOp>(builder.clone(*forward));
  part.setSymName(segmentName(index));
  part->setAttr(decode::kLayersAttr,
                builder.getDenseI64ArrayAttr({first, last}));
  int64_t layer = -1;
  bool seen = false; // the last layer's beginning
  for (auto launch : llvm::make_early_inc_range(
           part.getBody().front().getOps<tile::LaunchOp>())) {
    layer = std::max(layer, layerOf(launch));
    if (std::max<int64_t>(layer, 0) < first || layer >= last) {
      launch.erase();
    } else if (looksBack && layer == last - 1 && !seen) {
      seen = true;
      ExitFunctions(getOperation()).launchLook(launch, part.getArgument(0));
    }
  }
}

/// Bytes of weights that the launches of a function read, of one layer or all.
static int64_t weightBytes(func::FuncOp list, int64_t layer = -1) {
  int64_t bytes = 0, at = -1;
  auto module = list->getParentOfType<ModuleOp>();
  for (auto launch : list.getBody().front().getOps<tile::LaunchOp>()) {
    at = std::max(at, layerOf(launch));
    if (layer >= 0 && at != layer)
      continue;
    for (Attribute binding : launch.getBindings())
      if (auto weight = dyn_cast<tile::WeightAttr>(binding))
        if (auto packed =
                module.lookupSymbol<tile::PackedOp>(weight.getSymbol()))
          if (auto layout = tile::StripLayout::get(
                  packed.getPacked().getEncoding(),
                  packed.getPacked().getRows(), packed.getPacked().getCols(),
                  [&] { return packed.emitOpError(); });
              succeeded(layout))
            bytes += layout->totalBytes;
  }
  return bytes;
}

/// A token that stays has paid for the probe, one that leaves has saved the
/// layers above: says how many have to leave where that is most of them.
void CutLayersPass::weigh(const decode::ExitOptions &cut) {
  if (!decode::readsHead(cut.probe))
    return;
  double layer = std::max<double>(1, double(weightBytes(forward, 0)));
  double cost = double(weightBytes(head)) / layer;
  if (cut.tokens > 0)
    cost *= double(cut.tokens) /
            double(cast<IntegerAttr>(
                       getOperation()->getAttr(llm::LlmDialect::kVocabulary))
                       .getInt());
  double saved = double(cache.getLayers() - cut.after);
  double share = cost / (cost + saved);
  if (share <= 0.5)
    return;
  forward.emitWarning("the probe '")
      << decode::stringifyProbeKind(cut.probe) << "' after layer " << cut.after
      << " reads the head, as much as " << llvm::formatv("{0:f1}", cost).str()
      << " layers: it pays if more than "
      << llvm::formatv("{0:f0}", 100 * share).str()
      << " % of the tokens that come there leave";
}

void CutLayersPass::runOnOperation() {
  if (exits.empty())
    return;
  if (failed(find()))
    return signalPassFailure();
  std::string wrong;
  auto cuts = decode::parseExits(exits, cache.getLayers(), wrong);
  if (failed(cuts)) {
    getOperation().emitError("exits: ") << wrong;
    return signalPassFailure();
  }
  ExitFunctions functions(getOperation());
  std::unique_ptr<safetensors::File> file;
  if (failed(openProbes(file)) || failed(functions.declare(waiting, *cuts)))
    return signalPassFailure();
  int64_t first = 0;
  for (auto [index, cut] : llvm::enumerate(*cuts)) {
    bool looksBack = cut.probe == decode::ProbeKind::Similarity;
    if (looksBack)
      functions.declareLook();
    segment(index, first, cut.after, looksBack);
    if (failed(functions.probe(index + 1, cut, file.get())))
      return signalPassFailure();
    weigh(cut);
    first = cut.after;
  }
  segment(cuts->size(), first, cache.getLayers(), /*looksBack=*/false);
  numExits += cuts->size();
}
