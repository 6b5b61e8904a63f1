//===- DrawFunctions.h - functions over rows of logits ----------*- C++ -*-===//
//
// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SINTER_LIB_CONVERSION_LLMTOTILE_DRAWFUNCTIONS_H
#define SINTER_LIB_CONVERSION_LLMTOTILE_DRAWFUNCTIONS_H

#include "lib/Conversion/LlmToTile/RegionBuilder.h"
#include "llvm/Support/MathExtras.h"

namespace sinter {

/// The functions that draw tokens, each a region and its launch:
///   sample(row, position, seed, temperature, top_k, top_p, min_p, penalty,
///   window)
/// and, where a rule verifies drafts,
///   decide(row, count, position, ..., window[, dense]): `count` ids are
///   drafted
///   propose(row, position, ..., window): as sample, for an id of a draft
///   judge(rows): scores of hidden rows
/// and, where a policy wants it,
///   summarize(row)
/// and, where a model drafts trees,
///   sample_best(row, position, ..., window): as sample, for several ids
/// and, where a drafter wants it,
///   rank(rows): the best ids of each row
class DrawFunctions {
public:
  DrawFunctions(mlir::ModuleOp module, const TileOptions &options,
                int64_t vocabulary, FixedBuffer hidden, int64_t hiddenCols);

  mlir::LogicalResult build();
  unsigned regions = 0;

private:
  /// Operands that all draws have.
  struct Common {
    mlir::Value logits, work, token;
  };
  void buildSample();
  void buildPropose();
  mlir::LogicalResult buildDecide();
  void createDecision(RegionBuilder &region, const Common &common);
  mlir::LogicalResult buildJudge();
  void buildSummarize();
  void buildSampleBest();
  void buildRank();

  llvm::SmallVector<mlir::Type> drawScalars(unsigned before = 0,
                                            unsigned behind = 0);
  /// Binds what a draw works on, and penalizes the row.
  Common begin(RegionBuilder &region, unsigned position, int64_t tokens = 1,
               llvm::StringRef to = "token");
  /// The function that launches `region` with its arguments.
  mlir::func::FuncOp finish(RegionBuilder &region, llvm::StringRef name,
                            llvm::ArrayRef<mlir::Type> scalars);
  void declare(llvm::StringRef name, int64_t bytes);
  mlir::Attribute named(llvm::StringRef name) {
    return tile::BufferAttr::get(builder.getContext(), name, 0);
  }
  mlir::MemRefType f32s(llvm::ArrayRef<int64_t> shape) {
    return mlir::MemRefType::get(shape, builder.getF32Type());
  }
  mlir::MemRefType ids(int64_t count) {
    return mlir::MemRefType::get({count}, builder.getI32Type());
  }
  mlir::MemRefType scores() {
    return f32s({int64_t(llvm::alignTo(options.logitsRows, 32))});
  }
  mlir::Value proposals(RegionBuilder &region) {
    return region.fixedBuffer(named("proposals"),
                              f32s({options.logitsRows, columns}));
  }

  mlir::ModuleOp module;
  const TileOptions &options;
  mlir::OpBuilder builder;
  int64_t vocabulary, columns; // of a row of logits, with its padding
  FixedBuffer hidden;
  int64_t hiddenCols;
};

} // namespace sinter

#endif // SINTER_LIB_CONVERSION_LLMTOTILE_DRAWFUNCTIONS_H
