//===- LinkDraft.cpp - a second model for the same plan
//
// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Transforms/Link/DraftFunctions.h"
#include "lib/Transforms/Passes.h"

#include "dialects/Llm/LlmDialect.h"
#include "llvm/ADT/StringSwitch.h"

namespace sinter {
#define GEN_PASS_DEF_LINKDRAFT
#include "lib/Transforms/Passes.h.inc"
} // namespace sinter

using namespace mlir;
using namespace sinter;

/// What both models follow.
static constexpr StringLiteral kText = "text";

namespace {

/// Moves the ops of one model into the module of another.
class Linker {
public:
  Linker(ModuleOp target, ModuleOp draft, bool text, int64_t drafted)
      : target(target), draft(draft), text(text), drafted(drafted),
        tokens(draft.lookupSymbol<tile::TokensOp>("tokens")) {}

  LogicalResult run();
  unsigned moved = 0;

private:
  enum class Fate { Move, Share, Drop };
  Fate fateOf(Operation &op) const;
  LogicalResult check();
  LogicalResult share(tile::BufferOp own);
  LogicalResult followText(DraftFunctions &functions);
  void move(Operation &op);
  /// Whether they are mapped to where the target's are.
  bool ownLogits() const { return tokens || drafted > 0; }
  static int64_t number(ModuleOp module, StringRef name) {
    auto attr = module->getAttrOfType<IntegerAttr>(name);
    return attr ? attr.getInt() : 0;
  }

  ModuleOp target, draft;
  bool text;             // neither leads
  int64_t drafted;       // tokens that are drafted; 0: all
  tile::TokensOp tokens; // null: both have the same vocabulary
};

} // namespace

/// The two models never run at the same time: what is gone after a forward and
/// its head is shared. The draft draws tokens as its target does.
Linker::Fate Linker::fateOf(Operation &op) const {
  auto symbol = dyn_cast<SymbolOpInterface>(op);
  if (!symbol)
    return Fate::Drop;
  StringRef name = symbol.getName();
  if (isa<tile::BufferOp>(op))
    return llvm::StringSwitch<Fate>(name)
        .Cases({"arena", "attention"}, Fate::Share)
        .Case("ids", Fate::Move)
        .Case("logits", ownLogits() ? Fate::Move : Fate::Drop)
        .Default(Fate::Drop);
  if (isa<func::FuncOp>(op) && (name == "sample" || name == "draw"))
    return Fate::Drop;
  return Fate::Move;
}

LogicalResult Linker::check() {
  int64_t wanted = number(target, llm::LlmDialect::kMaxContext);
  int64_t given = number(draft, llm::LlmDialect::kMaxContext);
  if (given < wanted)
    return draft.emitError("the draft model has a context of ")
           << given << " positions, its target one of " << wanted;
  int64_t vocabulary = number(target, llm::LlmDialect::kVocabulary);
  int64_t own = number(draft, llm::LlmDialect::kVocabulary);
  if (!tokens && own != vocabulary)
    return draft.emitError("the draft model has ")
           << own << " tokens, its target " << vocabulary
           << ", and no tile.tokens @tokens says which is which";
  if (tokens && (int64_t(tokens.getIds().size()) != vocabulary ||
                 int64_t(tokens.getVocabulary()) != own))
    return tokens.emitOpError("maps ")
           << tokens.getIds().size() << " tokens to " << tokens.getVocabulary()
           << "; the target has " << vocabulary << ", the draft " << own;
  if (drafted < 0 || drafted % 32 != 0)
    return draft.emitError("vocabulary=") << drafted << " is no multiple of 32";
  for (StringRef name : {"forward", "head"})
    if (!draft.lookupSymbol<func::FuncOp>(name))
      return draft.emitError("the draft model has no function @") << name;
  for (StringRef name : {"arena", "history", "logits"})
    if (!target.lookupSymbol<tile::BufferOp>(name))
      return target.emitError("has no tile.buffer @") << name;
  return success();
}

LogicalResult Linker::share(tile::BufferOp own) {
  auto with = target.lookupSymbol<tile::BufferOp>(own.getSymName());
  if (!with) {
    own->moveBefore(target.getBody(), target.getBody()->begin());
    return success();
  }
  with.setBytes(std::max(with.getBytes(), own.getBytes()));
  with.setBytesPerPosition(
      std::max(with.getBytesPerPosition(), own.getBytesPerPosition()));
  with.setBytesPerWorker(
      std::max(with.getBytesPerWorker(), own.getBytesPerWorker()));
  return success();
}

/// Under a name of its own; so is all that it refers to.
void Linker::move(Operation &op) {
  MLIRContext *context = op.getContext();
  AttrTypeReplacer replacer;
  replacer.addReplacement([&](FlatSymbolRefAttr symbol) {
    return std::make_pair(Attribute(FlatSymbolRefAttr::get(
                              context, draftName(symbol.getValue()))),
                          WalkResult::skip());
  });
  replacer.addReplacement([&](tile::BufferAttr attr) -> Attribute {
    bool own =
        attr.getName() == "ids" || (ownLogits() && attr.getName() == "logits");
    return own ? tile::BufferAttr::get(context, draftName(attr.getName()),
                                       attr.getOffset())
               : attr;
  });
  replacer.recursivelyReplaceElementsIn(&op, /*replaceAttrs=*/true);
  auto symbol = cast<SymbolOpInterface>(op);
  symbol.setName(draftName(symbol.getName()));
  op.moveBefore(target.getBody(), target.getBody()->end());
  ++moved;
}

LogicalResult Linker::followText(DraftFunctions &functions) {
  // It leads: states that follow come behind it.
  auto builder = OpBuilder::atBlockBegin(target.getBody());
  tile::TextOp::create(builder, target.getLoc(), kText);
  return functions.readTargetHistory();
}

LogicalResult Linker::run() {
  if (failed(check()))
    return failure();
  for (Operation &op : llvm::make_early_inc_range(*draft.getBody())) {
    Fate fate = fateOf(op);
    if (fate == Fate::Share && failed(share(cast<tile::BufferOp>(op))))
      return failure();
    if (fate == Fate::Move)
      move(op);
  }
  DraftFunctions functions(target, tokens);
  if (failed(functions.readHistory()))
    return failure();
  if (text && failed(followText(functions)))
    return failure();
  if (drafted > 0 && failed(functions.limitVocabulary(drafted)))
    return failure();
  if (tokens && drafted == 0)
    functions.mapLogits();
  if (auto source = draft->getAttr(llm::LlmDialect::kSource))
    target->setAttr(tile::kDraftSource, source);
  draft.erase();
  return success();
}

namespace {

class LinkDraftPass : public sinter::impl::LinkDraftBase<LinkDraftPass> {
  using LinkDraftBase::LinkDraftBase;

  void runOnOperation() override {
    auto draft = getOperation().lookupSymbol<ModuleOp>(tile::kDraftModule);
    if (!draft)
      return;
    Linker linker(getOperation(), draft, text, vocabulary);
    if (failed(linker.run()))
      return signalPassFailure();
    numMoved += linker.moved;
  }
};

} // namespace
