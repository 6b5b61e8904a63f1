// PackTest.cpp - packing against the decoder of the checkpoint's form.
//
// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "lib/Target/X86/Pack.h"
#include "test/unit/KernelCases.h"
#include <cstring>
#include <gtest/gtest.h>

using namespace sinter;
using namespace sinter::test;
using encoding::Preset;

namespace {

std::vector<float> decoded(Preset preset, const std::vector<uint8_t> &bytes,
                           int64_t row, int64_t cols) {
  std::vector<float> result(cols);
  encoding::decodeRow(preset,
                      bytes.data() + row * encoding::rowBytes(preset, cols),
                      cols, result.data());
  return result;
}

class Pack : public testing::TestWithParam<Preset> {
protected:
  Preset preset = GetParam();
  int64_t cols = encoding::blockElements(preset) == 256 ? 768 : 96;
};

TEST_P(Pack, StackedRowsComeBack) {
  std::vector<uint8_t> a = randomWeights(preset, 40, cols, 1);
  std::vector<uint8_t> b = randomWeights(preset, 17, cols, 2);
  auto packer = StripPacker::create(packedAttr(preset, 57, cols),
                                    {{"a", a.data(), 40}, {"b", b.data(), 17}});
  ASSERT_TRUE(bool(packer));
  Memory packed(packer->layout().totalBytes);
  // One strip at a time, from the last one on: ranges do not depend on order.
  for (int64_t strip = packer->layout().strips; strip-- > 0;)
    ASSERT_FALSE(bool(packer->pack(strip, strip + 1,
                                   packed.as<uint8_t>() +
                                       strip * packer->layout().stripBytes)));
  std::vector<float> row(cols);
  for (int64_t i = 0; i < 57; ++i) {
    unpackRow(packer->layout(), packed.as<uint8_t>(), i, row.data());
    std::vector<float> expected =
        i < 40 ? decoded(preset, a, i, cols) : decoded(preset, b, i - 40, cols);
    ASSERT_EQ(std::memcmp(row.data(), expected.data(), cols * 4), 0)
        << "row " << i;
  }
  for (int64_t i = 57; i < 64; ++i) {
    unpackRow(packer->layout(), packed.as<uint8_t>(), i, row.data());
    for (float value : row)
      ASSERT_EQ(value, 0) << "padding row " << i;
  }
}

TEST_P(Pack, InterleavedRowsAlternateBySixteen) {
  std::vector<uint8_t> a = randomWeights(preset, 24, cols, 1);
  std::vector<uint8_t> b = randomWeights(preset, 24, cols, 2);
  auto packer = StripPacker::create(
      packedAttr(preset, 48, cols, tile::Arrange::Interleave16),
      {{"a", a.data(), 24}, {"b", b.data(), 24}});
  ASSERT_TRUE(bool(packer));
  Memory packed(packer->layout().totalBytes);
  ASSERT_FALSE(bool(packer->pack(0, 2, packed.as<uint8_t>())));
  std::vector<float> row(cols);
  for (int64_t i = 0; i < 24; ++i)
    for (int part = 0; part < 2; ++part) {
      unpackRow(packer->layout(), packed.as<uint8_t>(),
                i / 16 * 32 + part * 16 + i % 16, row.data());
      std::vector<float> expected = decoded(preset, part ? b : a, i, cols);
      ASSERT_EQ(std::memcmp(row.data(), expected.data(), cols * 4), 0)
          << "row " << i << " of " << part;
    }
}

TEST_P(Pack, ADamagedScaleNamesTensorAndBlock) {
  std::vector<uint8_t> a = randomWeights(preset, 32, cols, 1);
  int64_t block = encoding::blockBytes(preset);
  int64_t perRow = encoding::rowBytes(preset, cols) / block;
  // f32 needs its upper half; every other format has an f16 or bf16 to spoil.
  int64_t field = preset == Preset::F32 ? 2 : preset == Preset::Q6_K ? 208 : 0;
  uint16_t infinity =
      preset == Preset::F32 || preset == Preset::BF16 ? 0x7f80 : 0x7c00;
  if (preset == Preset::F32)
    std::memset(&a[(3 * perRow + 1) * block], 0, 4);
  std::memcpy(&a[(3 * perRow + 1) * block + field], &infinity, 2);
  auto packer = StripPacker::create(packedAttr(preset, 32, cols),
                                    {{"a.b", a.data(), 32}});
  ASSERT_TRUE(bool(packer));
  Memory packed(packer->layout().totalBytes);
  std::string message =
      llvm::toString(packer->pack(0, 1, packed.as<uint8_t>()));
  EXPECT_NE(message.find("tensor a.b: row 3, block 1"), std::string::npos)
      << message;
}

INSTANTIATE_TEST_SUITE_P(Presets, Pack, testing::ValuesIn(encoding::kPresets),
                         [](const auto &info) {
                           return std::string(encoding::presetName(info.param));
                         });

TEST(Pack, SourcesMustFormTheMatrix) {
  std::vector<uint8_t> a = randomWeights(Preset::Q8_0, 32, 32, 1);
  auto wrong = StripPacker::create(packedAttr(Preset::Q8_0, 40, 32),
                                   {{"a", a.data(), 32}});
  ASSERT_FALSE(bool(wrong));
  EXPECT_NE(llvm::toString(wrong.takeError()).find("32 rows, 40 expected"),
            std::string::npos);
  auto uneven = StripPacker::create(
      packedAttr(Preset::Q8_0, 32, 32, tile::Arrange::Interleave16),
      {{"a", a.data(), 20}, {"b", a.data(), 12}});
  ASSERT_FALSE(bool(uneven));
  EXPECT_NE(llvm::toString(uneven.takeError()).find("a and b"),
            std::string::npos);
}

TEST(PackVector, WidensPadsAndInterleaves) {
  std::vector<uint8_t> a = randomWeights(Preset::F16, 1, 20, 1);
  std::vector<uint8_t> b = randomWeights(Preset::BF16, 1, 20, 2);
  std::vector<float> first = decoded(Preset::F16, a, 0, 20);
  std::vector<float> second = decoded(Preset::BF16, b, 0, 20);
  std::vector<VectorSource> sources = {{"a", a.data(), 20, Preset::F16},
                                       {"b", b.data(), 20, Preset::BF16}};
  auto stacked = packVector(sources, 40, tile::Arrange::Stack);
  ASSERT_TRUE(bool(stacked));
  ASSERT_EQ(stacked->size(), 64u);
  EXPECT_EQ((*stacked)[19], first[19]);
  EXPECT_EQ((*stacked)[20], second[0]);
  EXPECT_EQ((*stacked)[40], 0);
  auto mixed = packVector(sources, 40, tile::Arrange::Interleave16);
  ASSERT_TRUE(bool(mixed));
  EXPECT_EQ((*mixed)[15], first[15]);
  EXPECT_EQ((*mixed)[16], second[0]);
  EXPECT_EQ((*mixed)[32], first[16]);
  EXPECT_EQ((*mixed)[51], second[19]);
}

} // namespace
