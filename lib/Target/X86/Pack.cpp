// Pack.cpp - weights from the form of a checkpoint to strips.
//
// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "lib/Target/X86/Pack.h"
#include "dialects/Encoding/EncodingDialect.h"
#include "lib/Target/X86/BlockFields.h"
#include <cmath>
#include <cstring>

using namespace sinter;
using encoding::Preset;
using tile::Arrange;
using tile::StripCode;
using tile::StripLayout;

namespace {

llvm::Error problem(const llvm::Twine &message) {
  return llvm::createStringError(llvm::inconvertibleErrorCode(), message);
}

void put16(uint8_t *at, uint16_t value) { std::memcpy(at, &value, 2); }

/// Writes the codes of one row into a block of its strip.
void putCodes(StripCode code, const uint8_t *codes, int64_t row, uint8_t *block,
              int64_t highOffset) {
  int64_t half = row / 16, lane = row % 16 * 4;
  for (int64_t k = 0; k < 32; ++k) {
    int64_t v = k / 4, j = k % 4;
    if (code == StripCode::U8) {
      block[half * 512 + v * 64 + lane + j] = codes[k];
      continue;
    }
    uint8_t nibble = codes[k] & 15;
    block[half * 256 + v % 4 * 64 + lane + j] |= k < 16 ? nibble : nibble << 4;
    if (code == StripCode::U5)
      block[highOffset + half * 64 + lane + j] |= (codes[k] >> 4) << v;
    if (code == StripCode::U6)
      block[highOffset + half * 128 + v / 4 * 64 + lane + j] |=
          (codes[k] >> 4) << (2 * (v % 4));
  }
}

void putFields(const StripLayout &layout, const BlockFields &fields,
               int64_t row, uint8_t *block, uint8_t *header) {
  putCodes(layout.code, fields.codes, row, block, layout.highOffset);
  if (!layout.hasSuper()) {
    put16(block + layout.scaleOffset + 2 * row, fields.scale);
    if (layout.hasMin())
      put16(block + layout.minOffset + 2 * row, fields.min);
    return;
  }
  put16(header + layout.superScaleOffset + 2 * row, fields.scale);
  if (layout.superMinOffset >= 0)
    put16(header + layout.superMinOffset + 2 * row, fields.min);
  for (int64_t group = 0; group < 32 / layout.groupCols; ++group)
    block[layout.scaleOffset + 32 * group + row] = fields.scaleCode[group];
  if (layout.hasMin())
    block[layout.minOffset + row] = fields.minCode;
}

void putFloats(const StripLayout &layout, const uint8_t *bytes, int64_t row,
               uint8_t *strip) {
  int64_t size = layout.code == StripCode::F32 ? 4 : 2;
  for (int64_t k = 0; k < layout.cols; ++k)
    std::memcpy(strip + (k * 32 + row) * size, bytes + k * size, size);
}

void putRow(const StripLayout &layout, Preset preset, const uint8_t *bytes,
            int64_t row, uint8_t *strip) {
  if (layout.isFloat())
    return putFloats(layout, bytes, row, strip);
  for (int64_t block = 0; block < layout.blocks; ++block)
    putFields(layout, readBlock(preset, bytes, block), row,
              strip + layout.blockOffset(block),
              strip + layout.headerOffset(block));
}

} // namespace

//===----------------------------------------------------------------------===//
// Packing
//===----------------------------------------------------------------------===//

StripPacker::StripPacker(tile::PackedAttr packed,
                         std::vector<PackSource> sources)
    : strips(StripLayout::getVerified(packed.getEncoding(), packed.getRows(),
                                      packed.getCols())),
      preset(
          *mlir::cast<encoding::WeightAttr>(packed.getEncoding()).getPreset()),
      arrange(packed.getArrange()), from(std::move(sources)),
      rowBytes(encoding::rowBytes(preset, packed.getCols())) {}

llvm::Expected<StripPacker>
StripPacker::create(tile::PackedAttr packed, std::vector<PackSource> sources) {
  int64_t rows = 0;
  for (const PackSource &source : sources)
    rows += source.rows;
  if (sources.empty() || rows != packed.getRows())
    return problem("the sources of a packed matrix have " + llvm::Twine(rows) +
                   " rows, " + llvm::Twine(packed.getRows()) + " expected");
  if (packed.getArrange() == Arrange::Interleave16 &&
      (sources.size() != 2 || sources[0].rows != sources[1].rows))
    return problem("only two matrices of one size can be interleaved, not " +
                   sources[0].name + " and " + sources.back().name);
  return StripPacker(packed, std::move(sources));
}

const uint8_t *StripPacker::findRow(int64_t strip, int64_t row,
                                    const PackSource *&source) const {
  if (arrange == Arrange::Interleave16) {
    source = &from[row / 16];
    int64_t index = strip * 16 + row % 16;
    return index < source->rows ? source->bytes + index * rowBytes : nullptr;
  }
  int64_t index = strip * 32 + row;
  for (const PackSource &candidate : from) {
    source = &candidate;
    if (index < candidate.rows)
      return candidate.bytes + index * rowBytes;
    index -= candidate.rows;
  }
  return nullptr;
}

llvm::Error StripPacker::checkRow(const uint8_t *bytes,
                                  const PackSource &source) const {
  auto bad = encoding::findNonFinite(preset, bytes, strips.cols);
  if (!bad)
    return llvm::Error::success();
  return problem("tensor " + source.name + ": row " +
                 llvm::Twine((bytes - source.bytes) / rowBytes) + ", block " +
                 llvm::Twine(*bad) +
                 " has a scale or value that is not a finite number; the "
                 "checkpoint is damaged");
}

llvm::Error StripPacker::pack(int64_t first, int64_t last, uint8_t *out) const {
  for (int64_t strip = first; strip < last; ++strip) {
    uint8_t *to = out + (strip - first) * strips.stripBytes;
    std::memset(to, 0, strips.stripBytes);
    for (int64_t row = 0; row < StripLayout::kStripRows; ++row) {
      const PackSource *source = nullptr;
      const uint8_t *bytes = findRow(strip, row, source);
      if (!bytes)
        continue;
      if (llvm::Error error = checkRow(bytes, *source))
        return error;
      putRow(strips, preset, bytes, row, to);
    }
  }
  return llvm::Error::success();
}

//===----------------------------------------------------------------------===//
// Vectors
//===----------------------------------------------------------------------===//

llvm::Expected<std::vector<float>>
sinter::packVector(const std::vector<VectorSource> &sources, int64_t size,
                   Arrange arrange) {
  std::vector<std::vector<float>> parts;
  int64_t total = 0;
  for (const VectorSource &source : sources) {
    parts.emplace_back(source.size);
    encoding::decodeRow(source.preset, source.bytes, source.size,
                        parts.back().data());
    for (int64_t i = 0; i < source.size; ++i)
      if (!std::isfinite(parts.back()[i]))
        return problem("tensor " + source.name + ": element " + llvm::Twine(i) +
                       " is not a finite number; the checkpoint is damaged");
    total += source.size;
  }
  if (total != size)
    return problem("the sources of a vector have " + llvm::Twine(total) +
                   " elements, " + llvm::Twine(size) + " expected");
  std::vector<float> result((size + 31) / 32 * 32, 0.0f);
  if (arrange == Arrange::Stack) {
    float *to = result.data();
    for (const std::vector<float> &part : parts)
      to = llvm::copy(part, to);
    return result;
  }
  if (parts.size() != 2 || parts[0].size() != parts[1].size())
    return problem("only two vectors of one size can be interleaved");
  for (int part = 0; part < 2; ++part)
    for (size_t i = 0; i < parts[part].size(); ++i)
      result[i / 16 * 32 + part * 16 + i % 16] = parts[part][i];
  return result;
}
