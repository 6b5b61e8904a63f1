//===- PackWeights.h - bytes of a plan's weights
//
// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SINTER_LIB_PIPELINES_PACKWEIGHTS_H
#define SINTER_LIB_PIPELINES_PACKWEIGHTS_H

#include "dialects/Llm/WeightData.h"
#include "dialects/Tile/TileOps.h"
#include "llvm/ADT/StringMap.h"

namespace sinter {

/// Fills the weights of a plan from the checkpoint, by the `tile.packed` and
/// `tile.vector` ops of the device module.
class WeightPackers {
public:
  WeightPackers(mlir::ModuleOp device, llm::CheckpointSource &source);

  /// Packs the weight `name` into `out`, its whole size. Thread-safe.
  llvm::Error pack(llvm::StringRef name, llvm::MutableArrayRef<uint8_t> out);

private:
  llvm::Expected<std::vector<llm::WeightBytes>> read(mlir::ArrayAttr sources);
  llvm::Error explain(llvm::Error failed, mlir::ArrayAttr sources,
                      llvm::ArrayRef<llm::WeightBytes> bytes);
  llvm::Error packMatrix(tile::PackedOp op, llvm::MutableArrayRef<uint8_t> out);
  llvm::Error packVector(tile::VectorOp op, llvm::MutableArrayRef<uint8_t> out);

  llm::CheckpointSource &source;
  llvm::StringMap<mlir::Operation *> ops; // of all three kinds
};

} // namespace sinter

#endif // SINTER_LIB_PIPELINES_PACKWEIGHTS_H
