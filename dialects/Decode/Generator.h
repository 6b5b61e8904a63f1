// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The programs of a plan, as text is made. What drafts and what exits do is in
// files of their own.

#ifndef SINTER_DIALECTS_DECODE_GENERATOR_H
#define SINTER_DIALECTS_DECODE_GENERATOR_H

#include "dialects/Decode/BuildGeneration.h"
#include "dialects/Decode/DecodeOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/IR/Builders.h"

namespace sinter::decode {

/// Builds one program after another at the end of a module.
class Generator {
public:
  Generator(mlir::ModuleOp module, const GenerationOptions &options)
      : builder(mlir::OpBuilder::atBlockEnd(module.getBody())),
        loc(module.getLoc()), options(options) {}

  void prefill();
  void score();
  /// With what declareDrafters() or declareExits() declared, or plainly.
  void generate(llvm::StringRef name, bool plain);
  void step();
  void declareDrafters();
  void declareChoice();
  void declareExits();
  void measureExits();
  /// All programs of a plan whose models write in turns.
  void switchModels();
  bool recycles() const {
    return llvm::is_contained(options.drafters, DrafterKind::Recycle);
  }
  bool forwardTakesRuns();

private:
  ProgramOp begin(llvm::StringRef name, llvm::ArrayRef<llvm::StringRef> params,
                  unsigned results);
  mlir::Value constant(int64_t value) {
    return mlir::arith::ConstantOp::create(builder, loc,
                                           builder.getI64IntegerAttr(value));
  }
  mlir::Value compare(mlir::arith::CmpIPredicate predicate, mlir::Value lhs,
                      mlir::Value rhs) {
    return mlir::arith::CmpIOp::create(builder, loc, predicate, lhs, rhs);
  }
  ProgramOp beginGenerate(llvm::StringRef name);
  mlir::Value clampChunk(mlir::Value chunk);
  mlir::Value
  prefillWith(mlir::Value chunk,
              llvm::function_ref<void(mlir::Value rows)> afterForward);
  void handOutLogits(mlir::Value rows);
  mlir::Value decodeLoop(ProgramOp program);
  /// The first token comes from the prompt; then round after round, each of
  /// which gets the last token, how many were made, and what `more` begins
  /// with.
  mlir::Value loopFromPrompt(ProgramOp program, mlir::ValueRange more,
                             llvm::function_ref<void(mlir::ValueRange)> round);
  /// `row`: of the last forward, whose logits come first.
  mlir::Value draftingLoop(ProgramOp program, mlir::Value row);
  mlir::Value exitingLoop(ProgramOp program);
  void exitingRound(ProgramOp program, mlir::ValueRange carried);
  /// Names of things that are counted.
  mlir::ArrayAttr numbered(llvm::StringRef name, unsigned from, unsigned count);
  /// A token that was drawn and handed out, and what follows from it.
  struct Drawn {
    mlir::Value token, made, stop;
  };
  Drawn drawAndEmit(ProgramOp program, mlir::Value row, mlir::Value position,
                    mlir::Value made);
  Drawn emit(ProgramOp program, mlir::Value token, mlir::Value made);
  /// The same by the rule that verifies drafts; `dense` as in Draft.
  Drawn decideAndEmit(ProgramOp program, mlir::Block *walk, mlir::Value dense);
  bool wantsDense() const {
    return options.rule == RuleKind::Reject &&
           llvm::any_of(options.drafters, [](DrafterKind kind) {
             return kind == DrafterKind::Model || kind == DrafterKind::Heads;
           });
  }
  mlir::Value draftLimit(ProgramOp program, mlir::Value made);
  /// What a round hands on: the last token, how many were made, and, where
  /// heads draft, the hidden row that the token was drawn from.
  void draftingRound(ProgramOp program, mlir::ValueRange carried);
  /// A drafter, in the order in which they are asked.
  struct Asked {
    std::string name;
    DrafterKind kind;
    bool hasBody() const {
      return kind == DrafterKind::Model || kind == DrafterKind::Heads;
    }
  };
  bool asks(DrafterKind kind) const {
    return llvm::any_of(drafters,
                        [&](const Asked &asked) { return asked.kind == kind; });
  }
  /// Rows of a draft and, where rule reject wants to know, whether a model or
  /// heads made it.
  struct Draft {
    mlir::Value rows, dense;
  };
  Draft draftRows(ProgramOp program, llvm::ArrayRef<Asked> asked,
                  mlir::Value most, mlir::ValueRange carried);
  int64_t mostIds(DrafterKind kind) const;
  int64_t branchesOf(DrafterKind kind) const;
  void modelDraft(ProgramOp program, DraftOp draft);
  void headsDraft(ProgramOp program, DraftOp draft, mlir::Value row);
  void askHead(mlir::Value number, int64_t head, mlir::Value row);
  Asked declare(DrafterKind kind, llvm::ArrayRef<mlir::Attribute> parts = {});
  enum class Writer { Small, Large };
  std::string nameOf(Writer writer, llvm::StringRef name) const;
  mlir::Value readText(Writer writer, mlir::Value chunk,
                       llvm::function_ref<void(mlir::Value rows)> afterForward);
  void ask(Writer writer, mlir::Value chunk);
  void askChosen(mlir::Value model, mlir::Value chunk);
  mlir::Value chooseWriter(mlir::Value model, mlir::Value chunk);
  mlir::Value writingLoop(ProgramOp program, bool plain);
  void generateWriting(llvm::StringRef name, bool plain);
  mlir::Value readInput();
  void prefillWriting();
  void scoreWriting();
  /// What holds the positions that were written.
  const std::string &lead() const {
    return options.modelSwitch ? options.text : options.state;
  }
  void round(ProgramOp program, mlir::Value made);
  void advance(mlir::Value token, mlir::Value made);
  /// A new block of `region` with `arguments` i64 arguments; the builder
  /// stands in it afterwards.
  mlir::Block *enter(mlir::Region &region, unsigned arguments);

  mlir::OpBuilder builder;
  mlir::Location loc;
  const GenerationOptions &options;
  llvm::SmallVector<Asked> drafters;
  unsigned groups = 0;   // of drafters that are asked together
  bool branches = false; // a draft may be a tree
};

/// What functions that draw take beside the row: the position, and how.
llvm::SmallVector<mlir::Value> drawArguments(ProgramOp program,
                                             mlir::Value position);

} // namespace sinter::decode

#endif
