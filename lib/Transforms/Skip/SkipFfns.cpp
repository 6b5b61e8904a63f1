//===- SkipFfns.cpp - feed-forward blocks that a token leaves out
//
// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Transforms/Exit/ExitFunctions.h"
#include "lib/Transforms/Passes.h"
#include "lib/Transforms/Skip/LayerOrder.h"

#include "dialects/Llm/Fidelity.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/IR/Matchers.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/FormatVariadic.h"

namespace sinter {
#define GEN_PASS_DEF_SKIPFFNS
#include "lib/Transforms/Passes.h.inc"
} // namespace sinter

using namespace mlir;
using namespace sinter;

static constexpr StringLiteral kPolicy = "ffns", kLook = "ffns.look",
                               kAsk = "ffns.ask", kReplay = "replay",
                               kThreshold = "ffn_threshold";

namespace {

class SkipFfnsPass : public sinter::impl::SkipFfnsBase<SkipFfnsPass> {
  using SkipFfnsBase::SkipFfnsBase;

  void runOnOperation() override;
  LogicalResult find();
  LogicalResult chooseLayers();
  LogicalResult declare();
  void wrapLaunches();
  void begin(decode::ProgramOp program);
  LogicalResult skipIn(decode::ProgramOp program);
  void skip(decode::ForwardOp forward);
  void buildReplay();
  Value constant(OpBuilder &builder, int64_t value) {
    return arith::ConstantOp::create(builder, forward.getLoc(),
                                     builder.getI64IntegerAttr(value));
  }

  func::FuncOp forward;
  tile::StateOp cache;
  SmallVector<int64_t> goes; // layers whose blocks may, rising
};

} // namespace

LogicalResult SkipFfnsPass::find() {
  ModuleOp module = getOperation();
  forward = module.lookupSymbol<func::FuncOp>("forward");
  cache = module.lookupSymbol<tile::StateOp>("kv");
  if (!forward || !cache)
    return module.emitError("a model whose tokens leave out feed-forward "
                            "blocks has @forward and a tile.state @kv");
  for (auto launch : forward.getBody().front().getOps<tile::LaunchOp>())
    if (isFfn(launch.getCallee()))
      return success();
  return forward.emitError("launches no feed-forward blocks of their own; was "
                           "llm-split-layers run?");
}

LogicalResult SkipFfnsPass::chooseLayers() {
  goes = study ? evenLayerOrder(cache.getLayers())
               : SmallVector<int64_t>(layers.begin(), layers.end());
  llvm::sort(goes);
  return checkDropped(getOperation(), goes, cache.getLayers());
}

LogicalResult SkipFfnsPass::declare() {
  if (failed(ExitFunctions(getOperation()).declareChange(kLook, kAsk)))
    return failure();
  OpBuilder builder(forward);
  tile::BufferOp::create(builder, forward.getLoc(), decode::kFfnsBuffer,
                         StringAttr(), 4 * int64_t(decode::FfnWord::Count),
                         /*bytes_per_position=*/0, /*bytes_per_worker=*/0);
  decode::FfnsOp::create(builder, forward.getLoc(), kPolicy, goes,
                         llvm::APFloat(float(threshold)), warmUp, kLook, kAsk,
                         study ? FlatSymbolRefAttr::get(&getContext(), kDepths)
                               : FlatSymbolRefAttr());
  return success();
}

/// A row that leaves a block out is what its attention made of it: both lie in
/// the same place. The block before one that may go is asked.
void SkipFfnsPass::wrapLaunches() {
  for (auto [launch, layer] : layersOf(forward)) {
    bool may = llvm::is_contained(goes, layer);
    if (!isFfn(launch.getCallee()) ||
        !(may || llvm::is_contained(goes, layer + 1)))
      continue;
    OpBuilder builder(launch);
    auto block =
        decode::FfnOp::create(builder, launch.getLoc(), kPolicy, layer);
    Block &body = block.getBody().emplaceBlock();
    launch->moveBefore(&body, body.end());
    numWrapped += may;
  }
}

/// Where tokens are generated, callers may choose the threshold.
void SkipFfnsPass::begin(decode::ProgramOp program) {
  Block &body = program.getBody().front();
  auto builder = OpBuilder::atBlockBegin(&body);
  Value bits;
  if (program.getSymName().starts_with("generate")) {
    SmallVector<Attribute> names(program.getParams().getValue());
    names.push_back(builder.getStringAttr(kThreshold));
    program.setParamsAttr(builder.getArrayAttr(names));
    bits = body.addArgument(builder.getI64Type(), program.getLoc());
    program.setFunctionType(builder.getFunctionType(body.getArgumentTypes(),
                                                    program.getResultTypes()));
  } else {
    bits = constant(builder, 0);
  }
  decode::BeginFfnsOp::create(builder, program.getLoc(), kPolicy, bits,
                              /*all=*/study);
}

void SkipFfnsPass::skip(decode::ForwardOp inner) {
  OpBuilder builder(inner);
  auto skipping = decode::SkippingOp::create(builder, inner.getLoc(), kPolicy,
                                             inner.getPosition());
  Block &body = skipping.getBody().emplaceBlock();
  inner->moveBefore(&body, body.end());
}

LogicalResult SkipFfnsPass::skipIn(decode::ProgramOp program) {
  begin(program);
  auto result = program.walk([&](decode::StepOp step) {
    if (!matchPattern(step.getRows(), m_One())) {
      step.emitError("computes several rows at a time, as drafts need: blocks "
                     "cannot be left out for each of them");
      return WalkResult::interrupt();
    }
    for (auto inner : llvm::make_early_inc_range(
             step.getBody().front().getOps<decode::ForwardOp>()))
      skip(inner);
    return WalkResult::advance();
  });
  return failure(result.wasInterrupted());
}

/// replay(ffn_threshold): hands out the logits of all waiting ids, each
/// computed as a token that is decoded.
void SkipFfnsPass::buildReplay() {
  auto builder = OpBuilder::atBlockEnd(getOperation().getBody());
  Location loc = forward.getLoc();
  Type i64 = builder.getI64Type();
  auto program =
      decode::ProgramOp::create(builder, loc, kReplay, {kThreshold}, 0);
  builder.setInsertionPointToStart(&program.getBody().front());
  if (study)
    decode::ChooseDepthOp::create(builder, loc, kDepths, constant(builder, 0));
  decode::BeginFfnsOp::create(builder, loc, kPolicy, program.getArgument(0));
  Value first = constant(builder, 0), one = constant(builder, 1);
  auto prefill = decode::PrefillOp::create(builder, loc, i64, "kv", one);
  decode::ReturnOp::create(builder, loc, ValueRange());
  Block *body =
      builder.createBlock(&prefill.getBody(), {}, {i64, i64}, {loc, loc});
  Value rows = body->getArgument(0);
  skip(decode::ForwardOp::create(builder, loc, "forward", rows,
                                 body->getArgument(1), /*runs=*/Value()));
  decode::HeadOp::create(builder, loc, "head", first, one);
  decode::EmitLogitsOp::create(builder, loc, one);
  decode::CommitOp::create(builder, loc, rows);
}

void SkipFfnsPass::runOnOperation() {
  if (layers.empty() && !study)
    return;
  if (failed(find()) || failed(chooseLayers()) || failed(declare()))
    return signalPassFailure();
  wrapLaunches();
  for (auto program : getOperation().getOps<decode::ProgramOp>())
    if (failed(skipIn(program)))
      return signalPassFailure();
  buildReplay();
  if (!study)
    declareFidelity(
        getOperation(), Fidelity::Lossy, "early_exit",
        llvm::formatv("ffn {0}={1:f4}",
                      llvm::join(llvm::map_range(goes,
                                                 [](int64_t layer) {
                                                   return std::to_string(layer);
                                                 }),
                                 ","),
                      double(threshold))
            .str());
}
