//===- WeightTable.h - packed matrices and vectors of a module --*- C++ -*-===//
//
// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SINTER_LIB_CONVERSION_LLMTOTILE_WEIGHTTABLE_H
#define SINTER_LIB_CONVERSION_LLMTOTILE_WEIGHTTABLE_H

#include "dialects/Llm/LlmOps.h"
#include "dialects/Tile/TileOps.h"

namespace sinter {

/// Creates `tile.packed` and `tile.vector` ops, one for each distinct list of
/// sources, and gives back their symbols.
class WeightTable {
public:
  explicit WeightTable(mlir::ModuleOp module);

  mlir::FlatSymbolRefAttr
  packed(llvm::ArrayRef<mlir::FlatSymbolRefAttr> sources,
         tile::PackedAttr attr);
  mlir::FlatSymbolRefAttr
  vector(llvm::ArrayRef<mlir::FlatSymbolRefAttr> sources, int64_t size,
         tile::Arrange arrange);
  unsigned numPacked() const { return packedCount; }

private:
  mlir::FlatSymbolRefAttr
  reuseOrName(llvm::StringRef suffix,
              llvm::ArrayRef<mlir::FlatSymbolRefAttr> sources,
              mlir::Attribute what, bool &isNew);

  mlir::OpBuilder builder;
  mlir::Location loc;
  llvm::StringMap<mlir::Attribute> names;
  llvm::DenseMap<std::pair<mlir::Attribute, mlir::Attribute>,
                 mlir::FlatSymbolRefAttr>
      known;
  unsigned packedCount = 0;
};

} // namespace sinter

#endif // SINTER_LIB_CONVERSION_LLMTOTILE_WEIGHTTABLE_H
