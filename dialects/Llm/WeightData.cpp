// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "dialects/Llm/WeightData.h"

#include "llvm/Support/Endian.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>

using namespace llvm;
using namespace sinter;
using namespace sinter::llm;
using encoding::Preset;

static void store16(uint8_t *p, uint16_t value) {
  support::endian::write16le(p, value);
}
static void storeHalf(uint8_t *p, float value) {
  store16(p, encoding::floatToHalf(value));
}

namespace {
/// SplitMix64: reproducible on every host, and good enough for test data.
struct Noise {
  uint64_t state;
  uint64_t next() {
    uint64_t z = (state += 0x9e3779b97f4a7c15);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    return z ^ (z >> 31);
  }
  /// In [-1, 1), with 24 bits.
  float unit() { return static_cast<float>(next() >> 40) * 0x1p-23f - 1.0f; }
  void fill(uint8_t *p, int64_t count) {
    for (int64_t i = 0; i < count; ++i)
      p[i] = static_cast<uint8_t>(next() >> 56);
  }
};

/// What the fields of a block are, and the range of its codes: enough to write
/// a constant or noise of a given size.
struct Fields {
  int scale = -1, minimum = -1; // offsets of f16 fields
  float top;                    // largest magnitude for a scale of one
};
Fields fieldsOf(Preset preset) {
  switch (preset) {
  case Preset::Q8_0:
    return {0, -1, 128};
  case Preset::Q4_0:
    return {0, -1, 8};
  case Preset::Q4_1:
    return {0, 2, 15};
  case Preset::Q5_0:
    return {0, -1, 16};
  case Preset::Q5_1:
    return {0, 2, 31};
  case Preset::Q4_K:
    return {0, 2, 15 * 63};
  case Preset::Q5_K:
    return {0, 2, 31 * 63};
  case Preset::Q6_K:
    return {208, -1, 32 * 128};
  default:
    return {-1, -1, 1};
  }
}
} // namespace

static void storeNumber(Preset preset, uint8_t *p, float value) {
  if (preset == Preset::F32)
    support::endian::write32le(p, std::bit_cast<uint32_t>(value));
  else if (preset == Preset::F16)
    storeHalf(p, value);
  else
    store16(p, encoding::floatToBfloat(value));
}

/// A block of random codes whose values lie within about \p scale.
static void noiseBlock(Preset preset, Noise &noise, float scale,
                       uint8_t *block) {
  Fields fields = fieldsOf(preset);
  if (fields.scale < 0)
    return storeNumber(preset, block, noise.unit() * scale);
  noise.fill(block, encoding::blockBytes(preset));
  bool centred = fields.minimum >= 0;
  float d = scale / fields.top * (0.75f + 0.25f * noise.unit());
  // Codes of formats with a minimum start at zero: spread them around it.
  storeHalf(block + fields.scale, centred ? 2 * d : d);
  if (!centred)
    return;
  bool subtracts = preset == Preset::Q4_K || preset == Preset::Q5_K;
  storeHalf(block + fields.minimum, subtracts ? scale / 63 : -d * fields.top);
}

/// A block all of whose elements are \p value, as exactly as its f16 fields
/// permit.
static void splatBlock(Preset preset, float value, uint8_t *block) {
  Fields fields = fieldsOf(preset);
  if (fields.scale < 0)
    return storeNumber(preset, block, value);
  std::memset(block, 0, encoding::blockBytes(preset));
  switch (preset) {
  case Preset::Q4_1:
  case Preset::Q5_1:
    return storeHalf(block + 2, value);
  case Preset::Q8_0:
    std::memset(block + 2, 1, 32);
    break;
  case Preset::Q4_0: // code 9 is one
    std::memset(block + 2, 0x99, 16);
    break;
  case Preset::Q5_0: // code 17 is one
    std::memset(block + 2, 0xff, 4);
    std::memset(block + 6, 0x11, 16);
    break;
  case Preset::Q4_K:
  case Preset::Q5_K:
    // Sub-scales of one: the low six bits of the first four, and the low
    // nibbles of the last four packed bytes.
    std::memset(block + 4, 1, 4);
    std::memset(block + 12, 1, 4);
    std::memset(block + (preset == Preset::Q4_K ? 16 : 48), 0x11, 128);
    break;
  case Preset::Q6_K: // code 33 is one: nibble 1 and high bits 2
    std::memset(block, 0x11, 128);
    std::memset(block + 128, 0xaa, 64);
    std::memset(block + 192, 1, 16);
    break;
  default:
    break;
  }
  storeHalf(block + fields.scale, value);
}

template <typename Fill>
static std::vector<uint8_t> fillBlocks(const WeightBytes &shape, Fill fill) {
  std::vector<uint8_t> bytes(shape.rows * shape.rowSize);
  const int64_t size = encoding::blockBytes(shape.preset);
  for (size_t at = 0; at < bytes.size(); at += size)
    fill(bytes.data() + at);
  return bytes;
}

/// The nearest codes in blocks of 32, each with the scale max|x| / 127.
static void quantizeRow(const float *x, int64_t columns, uint8_t *out) {
  for (int64_t at = 0; at < columns; at += 32, x += 32, out += 34) {
    float most = 0;
    for (int i = 0; i < 32; ++i)
      most = std::max(most, std::abs(x[i]));
    storeHalf(out, most / 127);
    // What the f16 holds is what a code is worth.
    float scale = encoding::halfToFloat(support::endian::read16le(out));
    for (int i = 0; i < 32; ++i) {
      float code = scale > 0 ? std::nearbyint(x[i] / scale) : 0;
      out[2 + i] = uint8_t(int8_t(std::clamp(code, -127.0f, 127.0f)));
    }
  }
}

Error WeightBytes::quantize(ArrayRef<uint8_t> numbers, StringRef from) {
  Preset preset = *encoding::presetByName(from);
  std::vector<float> values(columns);
  owned.resize(rows * rowSize);
  int64_t size = encoding::rowBytes(preset, columns);
  for (int64_t row = 0; row < rows; ++row) {
    const uint8_t *bytes = numbers.data() + row * size;
    if (std::optional<int64_t> at =
            encoding::findNonFinite(preset, bytes, columns))
      return createStringError(inconvertibleErrorCode(),
                               "row " + Twine(row) + ", column " + Twine(*at) +
                                   ": a value is not finite");
    encoding::decodeRow(preset, bytes, columns, values.data());
    quantizeRow(values.data(), columns, owned.data() + row * rowSize);
  }
  return Error::success();
}

void WeightBytes::select(ArrayRef<uint8_t> matrix, ArrayRef<int32_t> which) {
  owned.resize(rows * rowSize);
  for (auto [row, from] : enumerate(which))
    std::memcpy(owned.data() + row * rowSize, matrix.data() + from * rowSize,
                rowSize);
}

/// Of a source that works on the bytes of a file.
static FileAttr fileBehind(mlir::Attribute source) {
  if (auto selected = mlir::dyn_cast<SelectedAttr>(source))
    return selected.getFile();
  if (auto quantized = mlir::dyn_cast<QuantizedAttr>(source))
    return quantized.getFile();
  return mlir::dyn_cast<FileAttr>(source);
}

Expected<WeightBytes> WeightBytes::get(WeightOp weight,
                                       CheckpointSource &source) {
  WeightBytes result;
  std::optional<Preset> preset = weight.getEncoding().getPreset();
  if (!preset)
    return createStringError(inconvertibleErrorCode(),
                             "weight @" + weight.getSymName() +
                                 ": its encoding has no checkpoint form");
  result.preset = *preset;
  result.rows = weight.getRows();
  result.columns = weight.getCols();
  result.rowSize = encoding::rowBytes(*preset, result.columns);
  mlir::Attribute from = weight.getSource();
  if (FileAttr file = fileBehind(from)) {
    Expected<ArrayRef<uint8_t>> bytes = source.read(file);
    if (!bytes)
      return bytes.takeError();
    if (auto selected = mlir::dyn_cast<SelectedAttr>(from)) {
      result.select(*bytes, selected.getRows());
    } else if (auto quantized = mlir::dyn_cast<QuantizedAttr>(from)) {
      if (Error failed = result.quantize(*bytes, quantized.getFrom()))
        return createStringError(inconvertibleErrorCode(),
                                 file.getPath() + ": tensor '" + file.getKey() +
                                     "', " + toString(std::move(failed)));
    } else {
      result.view = *bytes;
      return std::move(result);
    }
    result.view = result.owned;
    return std::move(result);
  }
  if (auto splat = mlir::dyn_cast<SplatAttr>(from)) {
    auto value = static_cast<float>(splat.getValue().getValueAsDouble());
    result.owned =
        fillBlocks(result, [&](uint8_t *p) { splatBlock(*preset, value, p); });
  } else if (auto seed = mlir::dyn_cast<SeedAttr>(from)) {
    auto scale = static_cast<float>(seed.getScale().getValueAsDouble());
    Noise noise{seed.getSeed()};
    result.owned = fillBlocks(
        result, [&](uint8_t *p) { noiseBlock(*preset, noise, scale, p); });
  } else {
    auto data = mlir::cast<DataAttr>(from);
    auto it = data.getValues().value_begin<float>();
    result.owned = fillBlocks(
        result, [&](uint8_t *p) { storeNumber(Preset::F32, p, *it++); });
  }
  result.view = result.owned;
  return std::move(result);
}

Error sinter::llm::checkFinite(WeightOp weight, const WeightBytes &bytes) {
  for (int64_t row = 0; row < bytes.rows; ++row) {
    std::optional<int64_t> block = encoding::findNonFinite(
        bytes.preset, bytes.row(row).data(), bytes.columns);
    if (!block)
      continue;
    std::string where;
    if (auto file = mlir::dyn_cast<FileAttr>(weight.getSource())) {
      uint64_t offset = file.getOffset() + row * bytes.rowSize +
                        *block * encoding::blockBytes(bytes.preset);
      where = (file.getPath() + ": offset " + Twine(offset) + ": ").str();
    }
    return createStringError(
        inconvertibleErrorCode(),
        where + "tensor '" + weight.getSymName() + "', row " + Twine(row) +
            ", block " + Twine(*block) +
            ": a scale or value is not finite; the file is damaged or was "
            "written by a faulty quantizer");
  }
  return Error::success();
}
