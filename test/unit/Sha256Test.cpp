// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "lib/Target/Plan/Sha256.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/SHA256.h"
#include "gtest/gtest.h"

using namespace sinter;

static std::vector<uint8_t> noise(size_t size) {
  std::vector<uint8_t> bytes(size);
  uint32_t x = 1;
  for (uint8_t &byte : bytes)
    byte = (x = x * 1664525 + 1013904223) >> 24;
  return bytes;
}

TEST(Sha256, Vectors) { // FIPS 180-4
  for (bool plainly : {false, true}) {
    Sha256 digest(plainly);
    digest.update(llvm::StringRef("abc"));
    EXPECT_EQ(digest.final(), "ba7816bf8f01cfea414140de5dae2223"
                              "b00361a396177a9cb410ff61f20015ad");
  }
}

TEST(Sha256, EveryLengthAndPartition) {
  for (size_t size = 0; size < 260; ++size) {
    std::vector<uint8_t> bytes = noise(size);
    std::string expected = llvm::toHex(llvm::SHA256::hash(bytes), true);
    for (bool plainly : {false, true}) {
      Sha256 whole(plainly), parts(plainly);
      whole.update(bytes);
      EXPECT_EQ(whole.final(), expected) << size;
      for (size_t first = 0; first < size; first += 37)
        parts.update(llvm::ArrayRef(bytes).slice(
            first, std::min<size_t>(37, size - first)));
      EXPECT_EQ(parts.final(), expected) << size;
    }
  }
}
