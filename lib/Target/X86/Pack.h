// Pack.h - weights from the form of a checkpoint to strips.
//
// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef SINTER_TARGET_X86_PACK_H
#define SINTER_TARGET_X86_PACK_H

#include "dialects/Encoding/Presets.h"
#include "dialects/Tile/StripLayout.h"
#include "dialects/Tile/TileOps.h"
#include "llvm/Support/Error.h"
#include <string>
#include <vector>

namespace sinter {

/// A tensor as the checkpoint stores it, row after row.
struct PackSource {
  std::string name; // for messages
  const uint8_t *bytes;
  int64_t rows;
};

/// Packs the strips of one matrix, a range at a time: neither its sources nor
/// the result have to be in memory as a whole. Ranges may be packed by several
/// threads at once.
class StripPacker {
public:
  /// Fails if the sources do not form the matrix.
  static llvm::Expected<StripPacker> create(tile::PackedAttr packed,
                                            std::vector<PackSource> sources);

  const tile::StripLayout &layout() const { return strips; }

  /// Packs strips [first, last) to `out`, which has room for them. Fails on a
  /// scale that is not finite.
  llvm::Error pack(int64_t first, int64_t last, uint8_t *out) const;

private:
  StripPacker(tile::PackedAttr packed, std::vector<PackSource> sources);
  /// The bytes of row `row` of a strip, null if it is padding.
  const uint8_t *findRow(int64_t strip, int64_t row,
                         const PackSource *&source) const;
  llvm::Error checkRow(const uint8_t *bytes, const PackSource &source) const;

  tile::StripLayout strips;
  encoding::Preset preset;
  tile::Arrange arrange;
  std::vector<PackSource> from;
  int64_t rowBytes;
};

/// Row `row` of a packed matrix (in the order of its strips, padding included)
/// as f32: the inverse of packing, for tests and tools.
void unpackRow(const tile::StripLayout &layout, const uint8_t *packed,
               int64_t row, float *out);

/// Part of a vector.
struct VectorSource {
  std::string name;
  const uint8_t *bytes;
  int64_t size;
  encoding::Preset preset; // F32, F16 or BF16
};

/// The f32 elements of a tile.vector, padded with zeros.
llvm::Expected<std::vector<float>>
packVector(const std::vector<VectorSource> &sources, int64_t size,
           tile::Arrange arrange);

} // namespace sinter
#endif // SINTER_TARGET_X86_PACK_H
