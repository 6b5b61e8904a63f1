// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef SINTER_DIALECTS_ENCODING_ENCODINGDIALECT_H
#define SINTER_DIALECTS_ENCODING_ENCODINGDIALECT_H

#include "dialects/Encoding/Presets.h"
#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/Dialect.h"
#include "mlir/IR/TensorEncoding.h"

#include "dialects/Encoding/EncodingDialect.h.inc"
#include "dialects/Encoding/EncodingEnums.h.inc"
#define GET_ATTRDEF_CLASSES
#include "dialects/Encoding/EncodingAttrs.h.inc"

namespace sinter::encoding {

/// The encoding of a weight type; a type without one is stored as plain f32.
WeightAttr encodingOf(mlir::RankedTensorType type);

/// The type of a weight: `shape` of f32 with the preset in the encoding slot.
mlir::RankedTensorType weightType(mlir::MLIRContext *ctx,
                                  llvm::ArrayRef<int64_t> shape, Preset preset);

/// Rows of a weight type (1 for a vector) and its columns.
int64_t weightRows(mlir::RankedTensorType type);
int64_t weightCols(mlir::RankedTensorType type);

} // namespace sinter::encoding

#endif // SINTER_DIALECTS_ENCODING_ENCODINGDIALECT_H
