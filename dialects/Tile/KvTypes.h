// KvTypes.h - what keys and values are stored as.
//
// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef SINTER_DIALECTS_TILE_KVTYPES_H
#define SINTER_DIALECTS_TILE_KVTYPES_H

#include "mlir/IR/BuiltinTypes.h"
#include <optional>
#include <string>

namespace sinter {

/// The option `kv`: one type for both, "f16", or each, "k:int8,v:f16".
struct KvTypes {
  std::string key, value; // f32, f16, bf16 or int8

  /// Nothing if `text` is no such option.
  static std::optional<KvTypes> parse(llvm::StringRef text);
  /// The shortest spelling.
  std::string str() const;
};

/// The element type of that name.
mlir::Type kvElementType(llvm::StringRef name, mlir::MLIRContext *context);
/// The other way round.
std::string kvTypeName(mlir::Type element);

} // namespace sinter
#endif // SINTER_DIALECTS_TILE_KVTYPES_H
