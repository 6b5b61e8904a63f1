// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The named block formats of checkpoints, in plain C++ without MLIR: sizes and
// the reference decoder that every packer and kernel is tested against.
#ifndef SINTER_DIALECTS_ENCODING_PRESETS_H
#define SINTER_DIALECTS_ENCODING_PRESETS_H

#include <cstdint>
#include <optional>
#include <string_view>

namespace sinter::encoding {

/// The formats that the compiler reads and runs.
enum class Preset : uint8_t {
  F32,
  F16,
  BF16,
  Q8_0,
  Q4_0,
  Q4_1,
  Q5_0,
  Q5_1,
  Q4_K,
  Q5_K,
  Q6_K
};

inline constexpr Preset kPresets[] = {Preset::F32,  Preset::F16,  Preset::BF16,
                                      Preset::Q8_0, Preset::Q4_0, Preset::Q4_1,
                                      Preset::Q5_0, Preset::Q5_1, Preset::Q4_K,
                                      Preset::Q5_K, Preset::Q6_K};

/// "Q4_1" and so on, as GGUF tools print it.
std::string_view presetName(Preset preset);
std::optional<Preset> presetByName(std::string_view name);

/// Elements and bytes of one block as a GGUF file stores it.  A block never
/// crosses a row.
int64_t blockElements(Preset preset);
int64_t blockBytes(Preset preset);

/// Bytes of a row of \p cols elements; cols is a multiple of blockElements().
int64_t rowBytes(Preset preset, int64_t cols);

/// Decodes one row of \p cols elements to f32: bit for bit what the format
/// means, scales first, minima last, no fused operation.
void decodeRow(Preset preset, const uint8_t *bytes, int64_t cols, float *out);

/// The index of the first block of a row whose scales or values are not
/// finite; nullopt if all are.  (An integer code is always finite.)
std::optional<int64_t> findNonFinite(Preset preset, const uint8_t *bytes,
                                     int64_t cols);

/// Scale and minimum of a sub-block of Q4_K and Q5_K from the 12 packed bytes.
void unpackScaleMin(const uint8_t *packed, int sub, uint8_t &scale,
                    uint8_t &minimum);

/// f16 and bf16 bits to f32 and back (to nearest even), on any host.
float halfToFloat(uint16_t bits);
uint16_t floatToHalf(float value);
float bfloatToFloat(uint16_t bits);
uint16_t floatToBfloat(float value);

} // namespace sinter::encoding

#endif // SINTER_DIALECTS_ENCODING_PRESETS_H
