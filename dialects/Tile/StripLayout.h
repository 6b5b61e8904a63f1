// strip32: where the bytes of a packed matrix are.  The packer and the code
// generator both read it here and nowhere else.
//
// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A strip is 32 rows, all of K.  Strips follow one another.  A strip is a
// sequence of blocks of 32 columns; where an encoding has fields for 256
// columns together, a header stands before each 8 blocks.  All parts are whole
// 64-byte lines.
//
// Block:
//   codes   4 bit: [half][4][64]: half-strip of 16 rows; in vector v each
//   32-bit
//           lane is one row, byte j has k = 4v+j low and k = 16+4v+j high.
//           8 bit: [half][8][64], lane as before, k = 4v+j, stored + 128.
//           float: [k][32] elements.
//   high    1 bit: [half][64], byte j bit b of a lane is k = 4b+j.
//           2 bit: [half][2][64], byte j bits 2c,2c+1 of vector u is
//           k = 4(4u+c)+j.
//   scale   32 f16; or 32 u8 (Q4_K, Q5_K); or 2 x 32 s8, one row of 32 for each
//           group of 16 columns (Q6_K)
//   min     32 f16, or 32 u8
// Header (super-block scales): 32 f16 d, then 32 f16 dmin.
#ifndef SINTER_DIALECTS_TILE_STRIPLAYOUT_H
#define SINTER_DIALECTS_TILE_STRIPLAYOUT_H

#include "mlir/IR/Attributes.h"
#include "mlir/IR/Diagnostics.h"
#include "llvm/ADT/StringRef.h"
#include <cstdint>

namespace sinter::tile {

enum class StripCode { F32, F16, BF16, U4, U5, U6, U8 };

struct StripLayout {
  static constexpr int64_t kStripRows = 32;
  static constexpr int64_t kBlockCols = 32;
  static constexpr int64_t kHeaderBlocks = 8;

  StripCode code = StripCode::F32;
  int64_t rows = 0, cols = 0; // without padding
  int64_t strips = 0, blocks = 0;
  int64_t blockBytes = 0;
  int64_t headerBytes = 0; // 0: no headers

  // Offsets in a block; -1: no such plane.
  int64_t highOffset = -1;
  int64_t scaleOffset = -1;
  int64_t minOffset = -1;
  // Offsets in a header; -1: no such plane.
  int64_t superScaleOffset = -1;
  int64_t superMinOffset = -1;

  int64_t groupCols = 0;   // columns of one scale: 32 or 16; 0: no scales
  bool minNegated = false; // the value is scale * code - min, not + min
  int64_t zero =
      0; // the value of a stored code is code - zero (before scaling)

  int64_t stripBytes = 0, totalBytes = 0;

  bool isFloat() const { return code <= StripCode::BF16; }
  bool hasMin() const { return minOffset >= 0; }
  bool hasSuper() const { return superScaleOffset >= 0; }
  /// Codes can be multiplied with int8 activations; floats cannot.
  bool hasDot() const { return !isFloat(); }
  /// Scales of a row in a block: as many exact integer dots make a block.
  int64_t scalesPerBlock() const {
    return groupCols == 0 ? 1 : kBlockCols / groupCols;
  }
  /// Offset in a strip of block `block`, and of the header that covers it.
  int64_t blockOffset(int64_t block) const;
  int64_t headerOffset(int64_t block) const;

  /// Fails, after calling `emitError`, if the encoding has no strip32 layout
  /// or the sizes do not fit it.
  static mlir::FailureOr<StripLayout>
  get(mlir::Attribute encoding, int64_t rows, int64_t cols,
      llvm::function_ref<mlir::InFlightDiagnostic()> emitError);
  /// As above, for sizes already verified.
  static StripLayout getVerified(mlir::Attribute encoding, int64_t rows,
                                 int64_t cols);
};

} // namespace sinter::tile

#endif
