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
#include "lib/Target/Plan/PlanWriter.h"
#include "llvm/ADT/StringMap.h"

namespace sinter {

/// Says how weights of a plan are made from the checkpoint, by the
/// `tile.packed`, `tile.vector` and `tile.tokens` ops of the device module.
class WeightPackers {
public:
  WeightPackers(mlir::ModuleOp device, llm::CheckpointSource &source);

  /// The weight `name` of that many bytes as panels of a few MiB. Panels may
  /// be packed by several threads, as long as this object and the module live.
  llvm::Expected<std::vector<WeightPanel>> divide(llvm::StringRef name,
                                                  uint64_t bytes);

private:
  using Sources = std::shared_ptr<const std::vector<llm::WeightBytes>>;
  llvm::Expected<Sources> read(mlir::ArrayAttr sources);
  llvm::Error explain(llvm::Error failed, mlir::ArrayAttr sources,
                      llvm::ArrayRef<llm::WeightBytes> bytes) const;
  llvm::Expected<std::vector<WeightPanel>> divideMatrix(tile::PackedOp op,
                                                        uint64_t bytes);
  llvm::Expected<std::vector<WeightPanel>> divideVector(tile::VectorOp op,
                                                        uint64_t bytes);
  static std::vector<WeightPanel> divideTokens(tile::TokensOp op,
                                               uint64_t bytes);

  llm::CheckpointSource &source;
  llvm::StringMap<mlir::Operation *> ops; // that have names
};

} // namespace sinter

#endif // SINTER_LIB_PIPELINES_PACKWEIGHTS_H
