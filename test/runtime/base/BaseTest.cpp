// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "runtime/base/Sha256.h"
#include "runtime/base/Status.h"
#include "runtime/base/Vector.h"
#include "runtime/plan/Digest.h"
#include "test/runtime/TinyPlan.h"

#include <gtest/gtest.h>

using namespace sinter::runtime;

namespace {

std::string sha(const std::string &text) {
  char out[65];
  sha256Hex(reinterpret_cast<const uint8_t *>(text.data()), text.size(), out);
  return out;
}

TEST(Sha256, Vectors) { // FIPS 180-4
  EXPECT_EQ(sha(""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b"
                     "7852b855");
  EXPECT_EQ(sha("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff"
                        "61f20015ad");
  EXPECT_EQ(sha("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"),
            "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
  EXPECT_EQ(sha(std::string(1000000, 'a')),
            "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

TEST(Digest, Xxh3Vector) { // of the specification: the empty input, seed 0
  EXPECT_EQ(digestBytes("", 0), 0x2d06800538d394c2u);
}

TEST(Vector, RefusalKeepsTheContents) {
  sinter::test::CountingAllocator counting;
  {
    Vector<int> values((Allocator(counting.callbacks)));
    for (int i = 0; i < 8; ++i)
      ASSERT_TRUE(values.push_back(i));
    counting.refuse = counting.requests + 1;
    EXPECT_FALSE(values.push_back(8));
    ASSERT_EQ(values.size(), 8u);
    EXPECT_EQ(values[7], 7);
    EXPECT_TRUE(values.push_back(8));
    EXPECT_FALSE(values.reserve(SIZE_MAX / 2));
    values.dropFront(5);
    EXPECT_EQ(values[0], 5);
    Vector<int> moved(std::move(values));
    EXPECT_EQ(moved.size(), 4u);
    EXPECT_TRUE(values.empty());
  }
  EXPECT_EQ(counting.held, 0u);
}

TEST(Status, MessagesAndOutOfMemory) {
  sinter::test::CountingAllocator counting;
  Allocator allocator(counting.callbacks);
  Status status = fail(allocator, SINTER_IO, "%s %d", "disk", 7);
  EXPECT_STREQ(status.message(), "disk 7");
  EXPECT_EQ(status.code(), SINTER_IO);
  counting.refuse = counting.requests + 1;
  Status none = fail(allocator, SINTER_IO, "lost");
  EXPECT_EQ(none.code(), SINTER_OUT_OF_MEMORY);
  status = Status();
  EXPECT_TRUE(Status().ok());
  none = Status();
}

} // namespace
