//===- DrawFunctions.cpp - functions over rows of logits
//
// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Conversion/LlmToTile/DrawFunctions.h"

#include <cmath>

using namespace mlir;
using namespace sinter;

/// Ids drafted after a row, and their rows: as many as a draft has, twice.
static constexpr int64_t kDrafted = 32;
/// Ids that may follow an id of a tree.
static constexpr int64_t kBest = 4;
/// Figures of a row.
static constexpr int64_t kFigures = 32;

DrawFunctions::DrawFunctions(ModuleOp module, const TileOptions &options,
                             int64_t vocabulary, FixedBuffer hidden,
                             int64_t hiddenCols)
    : module(module), options(options), builder(module.getContext()),
      vocabulary(vocabulary), columns(llvm::alignTo(vocabulary, 32)),
      hidden(hidden), hiddenCols(hiddenCols) {}

void DrawFunctions::declare(StringRef name, int64_t bytes) {
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPointToStart(module.getBody());
  tile::BufferOp::create(builder, module.getLoc(), name, StringAttr(), bytes,
                         /*bytes_per_position=*/0, /*bytes_per_worker=*/0);
}

/// A row of logits, `before` numbers, position, seed, temperature, top_k,
/// top_p, min_p, penalty, window, and `behind` more numbers.
SmallVector<Type> DrawFunctions::drawScalars(unsigned before, unsigned behind) {
  Type index = builder.getIndexType(), f32 = builder.getF32Type();
  SmallVector<Type> scalars(1 + before, index);
  scalars.append(
      {index, builder.getI64Type(), f32, index, f32, f32, f32, index});
  scalars.append(behind, index);
  return scalars;
}

DrawFunctions::Common DrawFunctions::begin(RegionBuilder &region,
                                           unsigned position, int64_t tokens,
                                           StringRef to) {
  Value logits =
      region.fixedBuffer(named("logits"), f32s({options.logitsRows, columns}));
  Value history = region.fixedBuffer(named("history"), ids(options.maxContext));
  Value token = region.fixedBuffer(named(to), ids(tokens));
  Value work = region.alloc({2 * columns}, builder.getF32Type());
  tile::PenalizeOp::create(region.ops(), region.loc(), logits, history,
                           region.scalar(0), region.scalar(position),
                           region.scalar(position + 7),
                           region.scalar(position + 6), vocabulary);
  return {logits, work, token};
}

func::FuncOp DrawFunctions::finish(RegionBuilder &region, StringRef name,
                                   ArrayRef<Type> scalars) {
  region.finish();
  ++regions;
  builder.setInsertionPointToEnd(module.getBody());
  auto list = func::FuncOp::create(builder, module.getLoc(), name,
                                   builder.getFunctionType(scalars, {}));
  OpBuilder at = OpBuilder::atBlockEnd(list.addEntryBlock());
  SmallVector<Attribute> bindings;
  for (const BindingSpec &spec : region.bindings())
    bindings.push_back(spec.fixed);
  tile::LaunchOp::create(at, module.getLoc(),
                         FlatSymbolRefAttr::get(region.function()),
                         at.getArrayAttr(bindings), list.getArguments());
  func::ReturnOp::create(at, module.getLoc());
  return list;
}

void DrawFunctions::buildSample() {
  SmallVector<Type> scalars = drawScalars();
  RegionBuilder region(module, "draw", options, 1, scalars);
  Common common = begin(region, 1);
  tile::SampleOp::create(region.ops(), region.loc(), common.logits, common.work,
                         common.token, region.scalar(0), region.scalar(2),
                         region.scalar(1), region.scalar(3), region.scalar(4),
                         region.scalar(5), region.scalar(6), vocabulary);
  finish(region, "sample", scalars);
}

//===-- trees -------------------------------------------------------------===//

void DrawFunctions::buildSampleBest() {
  declare("best", 2 * kBest * 4);
  SmallVector<Type> scalars = drawScalars();
  RegionBuilder region(module, "draw_best", options, 1, scalars);
  Common common = begin(region, 1, 2 * kBest, "best");
  tile::SampleBestOp::create(
      region.ops(), region.loc(), common.logits, common.work, common.token,
      region.scalar(0), region.scalar(2), region.scalar(1), region.scalar(3),
      region.scalar(4), region.scalar(5), region.scalar(6), vocabulary);
  finish(region, "sample_best", scalars);
}

//===-- rules -------------------------------------------------------------===//

void DrawFunctions::buildPropose() {
  declare("proposals", options.logitsRows * columns * 4);
  SmallVector<Type> scalars = drawScalars();
  RegionBuilder region(module, "draw_proposal", options, 1, scalars);
  Value rows = proposals(region);
  Common common = begin(region, 1);
  tile::SampleProposalOp::create(
      region.ops(), region.loc(), common.logits, common.work, rows,
      common.token, region.scalar(0), region.scalar(2), region.scalar(1),
      region.scalar(3), region.scalar(4), region.scalar(5), region.scalar(6),
      vocabulary);
  finish(region, "propose", scalars)
      ->setAttr(kRuleAttr, builder.getStringAttr(kProposalRule));
}

/// The op of the rule; scalars 1 and 2 are the count of ids and the position.
void DrawFunctions::createDecision(RegionBuilder &region,
                                   const Common &common) {
  OpBuilder &ops = region.ops();
  Value drafted = region.fixedBuffer(named("drafted"), ids(kDrafted));
  StringRef rule = options.rule.kind;
  // Arguments move the scalars: ask for buffers first.
  Value extra;
  if (rule == "judge")
    extra = region.fixedBuffer(named("scores"), scores());
  else if (rule == "reject" && options.proposals)
    extra = proposals(region);
  auto scalar = [&](unsigned i) { return region.scalar(i); };
  if (rule == "reject")
    tile::SampleRejectOp::create(ops, region.loc(), common.logits, common.work,
                                 drafted, extra, extra ? scalar(10) : Value(),
                                 common.token, scalar(0), scalar(1), scalar(3),
                                 scalar(2), scalar(4), scalar(5), scalar(6),
                                 scalar(7), vocabulary);
  else if (rule == "typical")
    tile::SampleTypicalOp::create(
        ops, region.loc(), common.logits, common.work, drafted, common.token,
        scalar(0), scalar(1), APFloat(options.rule.epsilon),
        APFloat(options.rule.delta), scalar(3), scalar(2), scalar(4), scalar(5),
        scalar(6), scalar(7), vocabulary);
  else
    tile::SampleJudgedOp::create(ops, region.loc(), common.logits, common.work,
                                 drafted, extra, common.token, scalar(0),
                                 scalar(1), scalar(3), scalar(2), scalar(4),
                                 scalar(5), scalar(6), scalar(7), vocabulary);
}

LogicalResult DrawFunctions::buildDecide() {
  declare("drafted", kDrafted * 4);
  bool dense = options.rule.kind == "reject" && options.proposals;
  if (dense)
    buildPropose();
  if (options.rule.kind == "judge" && failed(buildJudge()))
    return failure();
  SmallVector<Type> scalars = drawScalars(/*before=*/1, /*behind=*/dense);
  RegionBuilder region(module, "draw_decision", options, 1, scalars);
  createDecision(region, begin(region, 2, /*tokens=*/2));
  finish(region, "decide", scalars)
      ->setAttr(kRuleAttr, builder.getStringAttr(options.rule.str()));
  return success();
}

/// The score is that of the logistic function above `tau`.
LogicalResult DrawFunctions::buildJudge() {
  auto numbers = readJudge(options.rule.file, hiddenCols);
  if (!numbers)
    return module.emitError("verify-rule: ")
           << llvm::toString(numbers.takeError());
  declare("scores", 4 * scores().getDimSize(0));
  float tau = options.rule.tau;
  float bias = numbers->back() - std::log(tau / (1 - tau));
  numbers->pop_back();
  SmallVector<Type> scalars = {builder.getIndexType()};
  RegionBuilder region(module, "judge_rows", options, options.logitsRows,
                       scalars);
  Value x = region.fixedBuffer(
      tile::ArenaAttr::get(builder.getContext(), hidden.offset), hidden.type);
  Value y = region.fixedBuffer(named("scores"), scores());
  auto weights = DenseElementsAttr::get(
      RankedTensorType::get({hiddenCols}, builder.getF32Type()),
      ArrayRef<float>(*numbers));
  tile::JudgeOp::create(region.ops(), region.loc(), x, y, region.scalar(0),
                        weights, APFloat(bias));
  finish(region, "judge", scalars);
  return success();
}

//===-- policies ----------------------------------------------------------===//

void DrawFunctions::buildSummarize() {
  declare("summary", kFigures * 4);
  SmallVector<Type> scalars = {builder.getIndexType()};
  RegionBuilder region(module, "summarize_row", options, 1, scalars);
  Value logits =
      region.fixedBuffer(named("logits"), f32s({options.logitsRows, columns}));
  Value summary = region.fixedBuffer(named("summary"), f32s({kFigures}));
  tile::SummarizeOp::create(region.ops(), region.loc(), logits, summary,
                            region.scalar(0), vocabulary);
  finish(region, "summarize", scalars);
}

//===-- drafters ----------------------------------------------------------===//

void DrawFunctions::buildRank() {
  const int64_t count = options.ranked * options.logitsRows;
  declare("ranked", count * 4);
  SmallVector<Type> scalars = {builder.getIndexType()};
  RegionBuilder region(module, "rank_rows", options, options.logitsRows,
                       scalars);
  Value logits =
      region.fixedBuffer(named("logits"), f32s({options.logitsRows, columns}));
  Value ranked = region.fixedBuffer(named("ranked"), ids(count));
  tile::RankOp::create(region.ops(), region.loc(), logits, ranked,
                       region.scalar(0), options.ranked, vocabulary);
  finish(region, "rank", scalars);
}

LogicalResult DrawFunctions::build() {
  buildSample();
  if (options.summarize)
    buildSummarize();
  if (options.best)
    buildSampleBest();
  if (options.ranked > 0)
    buildRank();
  return !options.rule.isExact() ? buildDecide() : success();
}
