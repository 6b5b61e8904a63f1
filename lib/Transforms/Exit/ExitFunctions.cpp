//===- ExitFunctions.cpp - what a model with exits does beside its layers
//
// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Transforms/Exit/ExitFunctions.h"

#include "dialects/Llm/LlmDialect.h"
#include "lib/Transforms/TrimHead.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/IR/IRMapping.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace sinter;

/// Where trimmed heads put the logits of a row.
static constexpr StringLiteral kTrimmedLogits = "exit.logits";

static constexpr StringLiteral kScore = decode::kScoreBuffer;
/// Rows that wait; the row at hand, one layer before it is probed.
static constexpr StringLiteral kWaiting = "exit.waiting", kLook = "exit.look";

std::string sinter::segmentName(unsigned index) {
  return "exit.segment." + std::to_string(index);
}
std::string sinter::probeName(unsigned index) {
  return "exit.probe." + std::to_string(index);
}

/// Copies rows between the forward and where they wait. Arguments: the first
/// place, and how many.
void ExitFunctions::moveRows(StringRef name, bool keeps) {
  SmallVector<Type> inputs;
  SmallVector<Attribute> bindings;
  int64_t offset = 0;
  for (const Rows &part : rows) {
    int64_t width = part.type.getDimSize(1);
    inputs.push_back(part.type);
    inputs.push_back(
        MemRefType::get({slots, width}, part.type.getElementType()));
    bindings.push_back(arena(part.offset));
    bindings.push_back(buffer(kWaiting, offset));
    offset = llvm::alignTo(offset + slots * width * 4, 64);
  }
  inputs.append(2, builder.getIndexType());
  func::FuncOp region = createRegion((name + ".rows").str(), inputs);
  Value first = region.getArgument(inputs.size() - 2);
  Value count = region.getArgument(inputs.size() - 1);
  Value zero = arith::ConstantIndexOp::create(builder, module.getLoc(), 0);
  for (unsigned i = 0; i < rows.size(); ++i) {
    Value here = region.getArgument(2 * i),
          there = region.getArgument(2 * i + 1);
    tile::MoveRowsOp::create(builder, module.getLoc(), keeps ? here : there,
                             keeps ? there : here, count, keeps ? zero : first,
                             keeps ? first : zero);
  }
  func::ReturnOp::create(builder, module.getLoc());
  func::FuncOp list = createList(name, 2);
  auto at = OpBuilder::atBlockEnd(&list.getBody().front());
  launch(at, region.getSymName(), bindings, list.getArguments());
  func::ReturnOp::create(at, module.getLoc());
}

LogicalResult ExitFunctions::declare(int64_t waiting,
                                     ArrayRef<decode::ExitOptions> exits) {
  if (failed(findRows()))
    return failure();
  int64_t tokens = 0;
  for (const decode::ExitOptions &exit : exits)
    tokens = std::max(tokens, exit.tokens);
  if (tokens > 0)
    declareBuffer(kTrimmedLogits, 4 * tokens);
  slots = waiting + 1;
  int64_t bytes = 0;
  for (const Rows &part : rows)
    bytes = llvm::alignTo(bytes + slots * part.type.getDimSize(1) * 4, 64);
  declareBuffer(kWaiting, bytes);
  declareBuffer(kScore, 128);
  moveRows(decode::kKeepFunction, /*keeps=*/true);
  moveRows(decode::kResumeFunction, /*keeps=*/false);
  return success();
}

void ExitFunctions::declareLook() {
  if (module.lookupSymbol(kLook))
    return;
  int64_t width = hidden().type.getDimSize(1);
  declareBuffer(kLook, llvm::alignTo(4 * width, 64));
  auto one = MemRefType::get({1, width}, builder.getF32Type());
  func::FuncOp region = createRegion(
      "exit.look.rows", {hidden().type, one, builder.getIndexType()});
  Location loc = module.getLoc();
  Value zero = arith::ConstantIndexOp::create(builder, loc, 0);
  Value count = arith::ConstantIndexOp::create(builder, loc, 1);
  Value last =
      arith::SubIOp::create(builder, loc, region.getArgument(2), count);
  tile::MoveRowsOp::create(builder, loc, region.getArgument(0),
                           region.getArgument(1), count, last, zero);
  func::ReturnOp::create(builder, loc);
}

void ExitFunctions::launchLook(tile::LaunchOp before, Value count) {
  if (failed(findRows()))
    return;
  OpBuilder at(before);
  launch(at, "exit.look.rows", {arena(hidden().offset), buffer(kLook)}, count);
}

LogicalResult ExitFunctions::declareChange(StringRef look, StringRef ask) {
  if (failed(findRows()))
    return failure();
  declareBuffer(kScore, 128);
  declareLook();
  Attribute row = arena(hidden().offset), before = buffer(kLook);
  std::string compare = similarity();
  auto list = [&](StringRef name, StringRef region,
                  ArrayRef<Attribute> bindings, int64_t scalar) {
    func::FuncOp made = createList(name, 0);
    auto at = OpBuilder::atBlockEnd(&made.getBody().front());
    Value number = arith::ConstantIndexOp::create(at, module.getLoc(), scalar);
    launch(at, region, bindings, number);
    func::ReturnOp::create(at, module.getLoc());
  };
  list(look, "exit.look.rows", {row, before}, /*rows=*/1);
  list(ask, compare, {row, before, buffer(kScore)}, /*row=*/0);
  return success();
}

/// `@exit.head.N`: `@head` of the first tokens; null: an error.
func::FuncOp ExitFunctions::trimmedHead(int64_t tokens) {
  std::string name = "exit.head." + std::to_string(tokens);
  if (auto made = module.lookupSymbol<func::FuncOp>(name))
    return made;
  auto builder = OpBuilder::atBlockEnd(module.getBody());
  auto head = cast<func::FuncOp>(
      builder.clone(*module.lookupSymbol<func::FuncOp>("head")));
  head.setSymName(name);
  return succeeded(trimHead(head, tokens, kTrimmedLogits)) ? head
                                                           : func::FuncOp();
}

/// What the head says about one row, and how sure it is. `tokens`: that it
/// knows; 0: all.
LogicalResult ExitFunctions::askHead(OpBuilder &at, Value row, int64_t tokens) {
  auto head = module.lookupSymbol<func::FuncOp>("head");
  if (tokens > 0) {
    head = trimmedHead(tokens);
    if (!head)
      return failure();
  }
  Value one = arith::ConstantIndexOp::create(at, module.getLoc(), 1);
  IRMapping values;
  values.map(head.getArgument(0), row);
  values.map(head.getArgument(1), one);
  for (Operation &op : head.getBody().front().without_terminator())
    at.clone(op, values);
  launch(at, summary(tokens),
         {buffer(tokens > 0 ? StringRef(kTrimmedLogits) : "logits"),
          buffer(kScore)},
         {});
  return success();
}

std::string ExitFunctions::summary(int64_t tokens) {
  std::string name =
      "exit.summary" + (tokens > 0 ? "." + std::to_string(tokens) : "");
  if (module.lookupSymbol(name))
    return name;
  int64_t rows = 1, width = tokens;
  if (tokens == 0) {
    tokens = cast<IntegerAttr>(module->getAttr(llm::LlmDialect::kVocabulary))
                 .getInt();
    width = llvm::alignTo(tokens, 32);
    auto logits = module.lookupSymbol<tile::BufferOp>("logits");
    rows = int64_t(logits.getBytes()) / (4 * width);
  }
  func::FuncOp region =
      createRegion(name, {MemRefType::get({rows, width}, builder.getF32Type()),
                          scoreType()});
  Value zero = arith::ConstantIndexOp::create(builder, module.getLoc(), 0);
  tile::SummarizeOp::create(builder, module.getLoc(), region.getArgument(0),
                            region.getArgument(1), zero, tokens);
  func::ReturnOp::create(builder, module.getLoc());
  return name;
}

std::string ExitFunctions::similarity() {
  std::string name = "exit.similarity";
  if (module.lookupSymbol(name))
    return name;
  int64_t width = hidden().type.getDimSize(1);
  func::FuncOp region = createRegion(
      name, {hidden().type, MemRefType::get({1, width}, builder.getF32Type()),
             scoreType(), builder.getIndexType()});
  tile::SimilarityOp::create(builder, module.getLoc(), region.getArgument(0),
                             region.getArgument(1), region.getArgument(2),
                             region.getArgument(3), width);
  func::ReturnOp::create(builder, module.getLoc());
  return name;
}

/// Its weights are part of the code.
FailureOr<std::string> ExitFunctions::linear(const decode::ExitOptions &exit,
                                             const safetensors::File *file) {
  if (!file)
    return module.emitError("exits: the probe 'linear' after layer ")
           << exit.after << " needs a file of probes";
  int64_t width = hidden().type.getDimSize(1);
  auto probe = readLinearProbe(*file, exit.after, width);
  if (!probe)
    return module.emitError("exits: ") << llvm::toString(probe.takeError());
  std::string name = "exit.linear." + std::to_string(exit.after);
  func::FuncOp region =
      createRegion(name, {hidden().type, scoreType(), builder.getIndexType()});
  tile::LogisticOp::create(builder, module.getLoc(), region.getArgument(0),
                           region.getArgument(1), region.getArgument(2),
                           probe->weights, llvm::APFloat(probe->bias));
  func::ReturnOp::create(builder, module.getLoc());
  return name;
}

LogicalResult ExitFunctions::probe(unsigned index,
                                   const decode::ExitOptions &exit,
                                   const safetensors::File *file) {
  if (exit.probe == decode::ProbeKind::Chance)
    return success();
  func::FuncOp list = createList(probeName(index), 1);
  list.setArgAttr(0, "tile.name", builder.getStringAttr("row"));
  auto at = OpBuilder::atBlockEnd(&list.getBody().front());
  Value row = list.getArgument(0);
  if (decode::readsHead(exit.probe)) {
    if (failed(askHead(at, row, exit.tokens)))
      return failure();
  } else if (exit.probe == decode::ProbeKind::Linear) {
    FailureOr<std::string> region = linear(exit, file);
    if (failed(region))
      return failure();
    launch(at, *region, {arena(hidden().offset), buffer(kScore)}, row);
  } else {
    launch(at, similarity(),
           {arena(hidden().offset), buffer(kLook), buffer(kScore)}, row);
  }
  func::ReturnOp::create(at, module.getLoc());
  return success();
}
