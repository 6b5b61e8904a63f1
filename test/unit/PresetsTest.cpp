// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The reference decoder against the gguf package, bit for bit
// (test/oracles/make_blocks.py wrote the file).
#include "dialects/Encoding/Presets.h"
#include "gtest/gtest.h"

#include <bit>
#include <cmath>
#include <cstring>
#include <fstream>
#include <iterator>
#include <vector>

using namespace sinter::encoding;

namespace {
struct Case {
  Preset preset;
  std::vector<uint8_t> bytes;
  std::vector<float> values;
};

std::vector<Case> readCases() {
  std::ifstream file(SINTER_SOURCE_DIR "/test/oracles/blocks.bin",
                     std::ios::binary);
  std::vector<Case> cases;
  for (Preset preset : kPresets) {
    uint32_t sizes[2] = {0, 0};
    file.read(reinterpret_cast<char *>(sizes), sizeof(sizes));
    Case item{preset, std::vector<uint8_t>(sizes[1]),
              std::vector<float>(sizes[0])};
    file.read(reinterpret_cast<char *>(item.bytes.data()), sizes[1]);
    file.read(reinterpret_cast<char *>(item.values.data()), sizes[0] * 4);
    cases.push_back(std::move(item));
  }
  EXPECT_TRUE(file.good());
  return cases;
}
} // namespace

TEST(Presets, DecodesEveryFormatBitForBit) {
  for (const Case &item : readCases()) {
    int64_t columns = item.values.size();
    ASSERT_GT(columns, 0);
    ASSERT_EQ(rowBytes(item.preset, columns),
              static_cast<int64_t>(item.bytes.size()));
    std::vector<float> decoded(columns);
    decodeRow(item.preset, item.bytes.data(), columns, decoded.data());
    for (int64_t k = 0; k < columns; ++k)
      ASSERT_EQ(std::bit_cast<uint32_t>(decoded[k]),
                std::bit_cast<uint32_t>(item.values[k]))
          << presetName(item.preset) << " element " << k << ": " << decoded[k]
          << " instead of " << item.values[k];
  }
}

TEST(Presets, FindsWhatIsNotFinite) {
  for (Case &item : readCases()) {
    int64_t columns = item.values.size();
    EXPECT_FALSE(findNonFinite(item.preset, item.bytes.data(), columns));
    // The last block's first scale becomes an infinity or a NaN.
    int64_t size = blockBytes(item.preset);
    uint8_t *block = item.bytes.data() + item.bytes.size() - size;
    int64_t top = item.preset == Preset::F32    ? 3
                  : item.preset == Preset::Q6_K ? 209
                                                : 1;
    block[top] = 0x7f;
    block[top - 1] = 0x80;
    EXPECT_EQ(findNonFinite(item.preset, item.bytes.data(), columns),
              columns / blockElements(item.preset) - 1)
        << presetName(item.preset);
  }
}

TEST(Presets, NamesRoundTrip) {
  for (Preset preset : kPresets)
    EXPECT_EQ(presetByName(presetName(preset)), preset);
  EXPECT_FALSE(presetByName("Q2_K"));
}

TEST(Half, EveryValueRoundTrips) {
  for (uint32_t bits = 0; bits < 0x10000; ++bits) {
    float value = halfToFloat(static_cast<uint16_t>(bits));
    if (std::isnan(value))
      EXPECT_TRUE(std::isnan(halfToFloat(floatToHalf(value))));
    else
      EXPECT_EQ(floatToHalf(value), bits);
  }
}

TEST(Half, RoundsToNearestEven) {
  // Between neighbours below, at and above the middle, for even and odd ones.
  for (uint32_t bits = 0; bits < 0x7bff; ++bits) {
    float low = halfToFloat(bits), high = halfToFloat(bits + 1);
    float middle = low + (high - low) / 2;
    EXPECT_EQ(floatToHalf(middle), bits + (bits & 1));
    EXPECT_EQ(floatToHalf(std::nextafter(middle, low)), bits);
    EXPECT_EQ(floatToHalf(std::nextafter(middle, high)), bits + 1);
  }
  EXPECT_EQ(floatToHalf(65519.99f), 0x7bff);
  EXPECT_EQ(floatToHalf(65520.0f), 0x7c00);
}

TEST(Bfloat, RoundsToNearestEven) {
  EXPECT_EQ(floatToBfloat(1.0f), 0x3f80);
  EXPECT_EQ(floatToBfloat(std::bit_cast<float>(0x3f808000u)), 0x3f80);
  EXPECT_EQ(floatToBfloat(std::bit_cast<float>(0x3f818000u)), 0x3f82);
  EXPECT_EQ(floatToBfloat(std::bit_cast<float>(0x3f808001u)), 0x3f81);
  EXPECT_TRUE(std::isnan(bfloatToFloat(floatToBfloat(NAN))));
}
