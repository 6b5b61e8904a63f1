//===- DropLayers.h - which layers a module has lost
//
// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SINTER_LIB_TRANSFORMS_OUTLINE_DROPLAYERS_H
#define SINTER_LIB_TRANSFORMS_OUTLINE_DROPLAYERS_H

#include "llvm/ADT/StringRef.h"

namespace sinter {

/// Attribute of a module: the layers of its checkpoint that llm-drop-layers
/// took away, an array of i64.
inline constexpr llvm::StringLiteral kDroppedLayers = "llm.dropped_layers";

} // namespace sinter

#endif // SINTER_LIB_TRANSFORMS_OUTLINE_DROPLAYERS_H
