// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "dialects/Tile/StripLayout.h"
#include "dialects/Encoding/EncodingDialect.h"
#include <cassert>
#include <optional>

using namespace mlir;
using namespace sinter::tile;
using sinter::encoding::Preset;
using sinter::encoding::WeightAttr;

namespace {

/// What an encoding is made of, per block of 32 x 32.
struct Shape {
  StripCode code;
  int64_t zero = 0;
  int64_t scaleBytes = 0;  // of one scale
  int64_t minBytes = 0;    // of one minimum
  int64_t groupCols = 0;   // columns of one scale
  int64_t superFields = 0; // f16 fields for 256 columns
  bool minNegated = false;
};

std::optional<Shape> getShape(Attribute encoding) {
  auto weight = dyn_cast_or_null<WeightAttr>(encoding);
  std::optional<Preset> preset = weight ? weight.getPreset() : std::nullopt;
  if (!preset)
    return std::nullopt;
  switch (*preset) {
  case Preset::F32:
    return Shape{StripCode::F32};
  case Preset::F16:
    return Shape{StripCode::F16};
  case Preset::BF16:
    return Shape{StripCode::BF16};
  case Preset::Q4_0:
    return Shape{StripCode::U4, 8, 2, 0, 32};
  case Preset::Q4_1:
    return Shape{StripCode::U4, 0, 2, 2, 32};
  case Preset::Q5_0:
    return Shape{StripCode::U5, 16, 2, 0, 32};
  case Preset::Q5_1:
    return Shape{StripCode::U5, 0, 2, 2, 32};
  case Preset::Q8_0:
    return Shape{StripCode::U8, 128, 2, 0, 32};
  case Preset::Q4_K:
    return Shape{StripCode::U4, 0, 1, 1, 32, 2, true};
  case Preset::Q5_K:
    return Shape{StripCode::U5, 0, 1, 1, 32, 2, true};
  case Preset::Q6_K:
    return Shape{StripCode::U6, 32, 1, 0, 16, 1};
  }
  return std::nullopt;
}

/// Bytes of the base plane and of the high plane of a block.
std::pair<int64_t, int64_t> codeBytes(StripCode code) {
  switch (code) {
  case StripCode::F32:
    return {4096, 0};
  case StripCode::F16:
  case StripCode::BF16:
    return {2048, 0};
  case StripCode::U4:
    return {512, 0};
  case StripCode::U5:
    return {512, 128};
  case StripCode::U6:
    return {512, 256};
  case StripCode::U8:
    return {1024, 0};
  }
  return {0, 0};
}

StripLayout build(const Shape &shape, int64_t rows, int64_t cols) {
  StripLayout layout;
  layout.code = shape.code;
  layout.rows = rows;
  layout.cols = cols;
  layout.strips = (rows + 31) / 32;
  layout.blocks = (cols + 31) / 32;
  auto [base, high] = codeBytes(shape.code);
  int64_t offset = base;
  if (high != 0)
    layout.highOffset = offset;
  offset += high;
  if (shape.scaleBytes != 0) {
    layout.scaleOffset = offset;
    offset += shape.scaleBytes * 32 * (32 / shape.groupCols);
  }
  if (shape.minBytes != 0) {
    layout.minOffset = offset;
    offset += shape.minBytes * 32;
  }
  layout.blockBytes = offset;
  if (shape.superFields > 0)
    layout.superScaleOffset = 0;
  if (shape.superFields > 1)
    layout.superMinOffset = 64;
  layout.headerBytes = 64 * shape.superFields;
  layout.groupCols = shape.groupCols;
  layout.minNegated = shape.minNegated;
  layout.zero = shape.zero;
  int64_t headers = (layout.blocks + StripLayout::kHeaderBlocks - 1) /
                    StripLayout::kHeaderBlocks;
  layout.stripBytes =
      layout.blocks * layout.blockBytes + headers * layout.headerBytes;
  layout.totalBytes = layout.strips * layout.stripBytes;
  assert(layout.blockBytes % 64 == 0 && "blocks are whole lines");
  return layout;
}

} // namespace

int64_t StripLayout::headerOffset(int64_t block) const {
  return block / kHeaderBlocks * (headerBytes + kHeaderBlocks * blockBytes);
}

int64_t StripLayout::blockOffset(int64_t block) const {
  return block * blockBytes + (block / kHeaderBlocks + 1) * headerBytes;
}

FailureOr<StripLayout>
StripLayout::get(Attribute encoding, int64_t rows, int64_t cols,
                 function_ref<InFlightDiagnostic()> emitError) {
  std::optional<Shape> shape = getShape(encoding);
  if (!shape) {
    emitError() << "no strip32 layout for the encoding " << encoding;
    return failure();
  }
  int64_t multiple = cast<WeightAttr>(encoding).blockElements();
  if (rows <= 0 || cols <= 0 || cols % multiple != 0) {
    emitError() << "a matrix of " << rows << " x " << cols
                << " does not fit the encoding " << encoding
                << ", whose rows are multiples of " << multiple;
    return failure();
  }
  return build(*shape, rows, cols);
}

StripLayout StripLayout::getVerified(Attribute encoding, int64_t rows,
                                     int64_t cols) {
  FailureOr<StripLayout> layout = get(encoding, rows, cols, [&] {
    return mlir::emitError(UnknownLoc::get(encoding.getContext()));
  });
  assert(succeeded(layout) && "verified with the attribute");
  return *layout;
}
