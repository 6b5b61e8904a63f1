// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "dialects/Encoding/EncodingDialect.h"
#include "dialects/Tile/StripLayout.h"
#include "dialects/Tile/TileOps.h"

using namespace mlir;
using namespace sinter::tile;

#include "dialects/Tile/TileDialect.cpp.inc"
#include "dialects/Tile/TileEnums.cpp.inc"

#define GET_ATTRDEF_CLASSES
#include "dialects/Tile/TileAttrs.cpp.inc"

void TileDialect::initialize() {
  addAttributes<
#define GET_ATTRDEF_LIST
#include "dialects/Tile/TileAttrs.cpp.inc"
      >();
  addOperations<
#define GET_OP_LIST
#include "dialects/Tile/TileOps.cpp.inc"
      >();
}

LogicalResult PackedAttr::verify(function_ref<InFlightDiagnostic()> emitError,
                                 Attribute encoding, int64_t rows, int64_t cols,
                                 Arrange arrange) {
  FailureOr<StripLayout> layout =
      StripLayout::get(encoding, rows, cols, emitError);
  if (failed(layout))
    return failure();
  if (arrange == Arrange::Interleave16 && rows % 2 != 0)
    return emitError() << "interleave16 needs an even number of rows, not "
                       << rows;
  return success();
}

LogicalResult ColumnsAttr::verify(function_ref<InFlightDiagnostic()> emitError,
                                  int64_t first, int64_t last, int64_t unit) {
  if (first < 0 || last <= first || unit <= 0)
    return emitError() << "no columns " << first << " to " << last << " by "
                       << unit;
  return success();
}

LogicalResult ArenaAttr::verify(function_ref<InFlightDiagnostic()> emitError,
                                int64_t offset) {
  if (offset < 0 || offset % 64 != 0)
    return emitError() << "arena offset " << offset
                       << " must be a multiple of 64";
  return success();
}

LogicalResult BufferAttr::verify(function_ref<InFlightDiagnostic()> emitError,
                                 StringRef name, int64_t offset) {
  if (name.empty())
    return emitError() << "buffer needs a name";
  if (offset < 0 || offset % 64 != 0)
    return emitError() << "buffer offset " << offset
                       << " must be a multiple of 64";
  return success();
}

LogicalResult StateAttr::verify(function_ref<InFlightDiagnostic()> emitError,
                                FlatSymbolRefAttr symbol, int64_t layer,
                                int64_t plane) {
  if (layer < 0 || plane < 0 || plane > 1)
    return emitError() << "no plane " << plane << " of layer " << layer;
  return success();
}
