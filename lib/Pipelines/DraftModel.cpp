//===- DraftModel.cpp - a second model that drafts for the first
//
// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Pipelines/DraftModel.h"

#include "dialects/Common/CostTable.h"
#include "dialects/Llm/LlmOps.h"
#include "dialects/Tile/TileOps.h"
#include "lib/Import/Import.h"
#include "lib/Pipelines/ReadText.h"

using namespace mlir;
using namespace sinter;

static StringRef sourceOf(ModuleOp module) {
  auto source = module->getAttrOfType<StringAttr>(llm::LlmDialect::kSource);
  return source ? source.getValue() : StringRef("the model");
}

static int64_t contextOf(ModuleOp module) {
  auto context =
      module->getAttrOfType<IntegerAttr>(llm::LlmDialect::kMaxContext);
  return context ? context.getInt() : 0;
}

LogicalResult DraftModel::misfit(ModuleOp target, const Twine &why) {
  return emitError(UnknownLoc::get(target.getContext()))
         << sourceOf(module()) << " cannot draft for " << sourceOf(target)
         << ": " << why;
}

FailureOr<DraftModel> DraftModel::load(ModuleOp target,
                                       const CompileOptions &options) {
  const std::string &path = options.decode.draftModel;
  auto imported = importGguf(path, target.getContext());
  if (failed(imported)) {
    emitRemark(UnknownLoc::get(target.getContext()))
        << path << " is to draft for " << sourceOf(target)
        << " (--speculate=draft:PATH)";
    return failure();
  }
  DraftModel draft;
  draft.own = std::move(*imported);
  draft.choices = options;
  draft.choices.outline = OutlinePhaseOptions();
  draft.choices.tile = TilePhaseOptions();
  draft.choices.decode = DecodePhaseOptions(); // its target draws
  // What a draft says is verified; where two models write it is the text.
  if (options.decode.switchesModels()) {
    draft.choices.tile.activations = options.tile.activations;
    draft.choices.tile.attention = options.tile.attention;
    draft.choices.tile.kv = options.tile.kv;
  }
  draft.choices.tile.kvWindow = options.tile.kvWindow;
  draft.choices.tile.kvSinks = options.tile.kvSinks;
  // It is ahead by what it drafts, and goes back as far as its target.
  draft.choices.tile.kvSlack = options.tile.slack() + kMostDraftRows;
  draft.choices.tile.maxRows = options.tile.maxRows;
  draft.choices.tile.logitsRows = 1;
  draft.choices.tile.maxContext =
      options.tile.maxContext > 0 ? options.tile.maxContext : contextOf(target);
  if (failed(draft.checkContext(target)) ||
      failed(draft.matchVocabularies(target)))
    return failure();
  return draft;
}

LogicalResult DraftModel::checkContext(ModuleOp target) {
  int64_t wanted = choices.tile.maxContext, own = contextOf(module());
  if (own < wanted)
    return misfit(target, "it has a context of " + Twine(own) + " positions, " +
                              Twine(wanted) + " are wanted; --context=" +
                              Twine(own) + " fits both");
  return success();
}

/// Of the checkpoint that a module came from.
static llvm::Expected<std::unique_ptr<plan::TokenizerT>>
readTokenizer(ModuleOp module) {
  auto file = gguf::File::open(sourceOf(module));
  if (!file)
    return file.takeError();
  auto text = readText(**file, /*chatTemplate=*/false);
  if (!text)
    return text.takeError();
  return std::move(text->tokenizer);
}

LogicalResult DraftModel::matchVocabularies(ModuleOp target) {
  auto wanted = readTokenizer(target), given = readTokenizer(module());
  if (!wanted || !given)
    return misfit(target, toString(llvm::joinErrors(wanted.takeError(),
                                                    given.takeError())));
  import::Errors errors;
  auto match = import::matchTokens(**wanted, **given, errors);
  if (!match)
    return misfit(target, errors.front());
  tokens = std::move(*match);
  return success();
}

void DraftModel::nestIn(ModuleOp target) {
  ModuleOp nested = own.release();
  if (!tokens.same) {
    auto builder = OpBuilder::atBlockEnd(nested.getBody());
    auto vocabulary =
        nested->getAttrOfType<IntegerAttr>(llm::LlmDialect::kVocabulary);
    tile::TokensOp::create(builder, nested.getLoc(), "tokens", StringAttr(),
                           vocabulary.getInt(), tokens.ids);
  }
  nested.setSymName(tile::kDraftModule);
  target.push_back(nested);
}
