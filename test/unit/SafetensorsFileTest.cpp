// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "lib/Import/Safetensors/SafetensorsFile.h"
#include "gtest/gtest.h"

#include <cstring>

using namespace sinter::safetensors;

namespace {
std::string fileOf(llvm::StringRef head, size_t data = 0) {
  uint64_t size = head.size();
  std::string bytes(8, '\0');
  std::memcpy(bytes.data(), &size, 8);
  return bytes + head.str() + std::string(data, 'x');
}

llvm::Expected<std::unique_ptr<File>> parse(llvm::StringRef bytes) {
  return File::parse(
      llvm::MemoryBuffer::getMemBufferCopy(bytes, "test.safetensors"));
}

std::string errorOf(llvm::StringRef bytes) {
  auto file = parse(bytes);
  return file ? "no error" : llvm::toString(file.takeError());
}

std::string entry(llvm::StringRef type, llvm::StringRef shape,
                  llvm::StringRef offsets) {
  return (R"({"a":{"dtype":")" + type + R"(","shape":[)" + shape +
          R"(],"data_offsets":[)" + offsets + "]}}")
      .str();
}

#define EXPECT_ERROR(bytes, part)                                              \
  EXPECT_NE(errorOf(bytes).find(part), std::string::npos) << errorOf(bytes)

TEST(SafetensorsFile, ReadsTensorsAndMetadata) {
  auto file = parse(fileOf(
      R"( {"__metadata__": {"heads":"hydra", "\u00e9\n": "\ud83d\ude00"},
 "x" : { "shape":[2 , 3], "dtype":"BF16","data_offsets":[0,12]},
 "y":{"dtype":"I32","shape":[],"data_offsets":[12,16]}}  )",
      16));
  ASSERT_TRUE(bool(file)) << llvm::toString(file.takeError());
  EXPECT_EQ((*file)->find("heads"), "hydra");
  EXPECT_EQ((*file)->find("\xc3\xa9\n"), "\xf0\x9f\x98\x80");
  EXPECT_EQ((*file)->find("other"), std::nullopt);
  ASSERT_EQ((*file)->tensors().size(), 2u);
  const Tensor *x = (*file)->tensor("x"), *y = (*file)->tensor("y");
  ASSERT_TRUE(x && y);
  EXPECT_EQ(x->type, "BF16");
  EXPECT_EQ(x->shape, (llvm::SmallVector<int64_t, 4>{2, 3}));
  EXPECT_EQ(x->bytes, 12u);
  EXPECT_EQ(y->offset, x->offset + 12);
  EXPECT_TRUE(y->shape.empty());
  EXPECT_EQ((*file)->bytes(*y).size(), 4u);
  EXPECT_EQ((*file)->tensor("z"), nullptr);
}

TEST(SafetensorsFile, RefusesWhatIsNoHead) {
  EXPECT_ERROR("abc", "offset 0: the file of 3 bytes ends inside the length");
  EXPECT_ERROR(std::string(8, '\x7f'), "it is truncated, or no safetensors");
  EXPECT_ERROR(fileOf(""), "offset 8: expected '{' in the head");
  EXPECT_ERROR(fileOf("[]"), "expected '{' in the head");
  EXPECT_ERROR(fileOf("{} x"), "offset 11: expected the end of the head");
  EXPECT_ERROR(fileOf(R"({"a)"), "ends inside a string");
  EXPECT_ERROR(fileOf(R"({"a":1})"), "expected '{' in tensor 'a'");
  EXPECT_ERROR(fileOf(R"({"\x":{}})"), "an unknown escape");
  EXPECT_ERROR(fileOf(R"({"\ud800":{}})"), "half of a surrogate pair");
  EXPECT_ERROR(fileOf(R"({"\udc00":{}})"), "half of a surrogate pair");
  EXPECT_ERROR(fileOf(R"({"\u12)"), "four hexadecimal digits");
  EXPECT_ERROR(fileOf("{\"a\n\":{}}"), "a control character");
  EXPECT_ERROR(fileOf(R"({"__metadata__":{"a":1}})"), "expected '\"'");
  EXPECT_ERROR(fileOf(std::string(100000, '[')), "expected '{'");
}

TEST(SafetensorsFile, RefusesTensorsThatAreNotThere) {
  EXPECT_EQ(errorOf(fileOf(entry("F32", "2", "0,8"), 8)), "no error");
  EXPECT_ERROR(fileOf(entry("F32", "2", "0,8"), 7),
               "tensor 'a' ends at byte 8 of the data, which has 7");
  EXPECT_ERROR(fileOf(entry("F32", "2", "0,4"), 8),
               "has 4 bytes of data, its type and shape need 8");
  EXPECT_ERROR(fileOf(entry("F32", "2", "8,0"), 8), "two data_offsets");
  EXPECT_ERROR(fileOf(entry("F32", "2", "0"), 8), "two data_offsets");
  EXPECT_ERROR(fileOf(entry("Q4", "2", "0,8"), 8), "the unknown type 'Q4'");
  EXPECT_ERROR(fileOf(entry("F32", "-2", "0,8"), 8), "expected an integer");
  EXPECT_ERROR(fileOf(entry("F32", "2", "0,99999999999999999999"), 8),
               "expected an integer of at most 64 bits");
  EXPECT_ERROR(fileOf(entry("F32", "999999999999999", "0,8"), 8),
               "impossible dimension");
  EXPECT_ERROR(fileOf(entry("F32", "99999999999999,99999999999999", "0,8"), 8),
               "impossible shape");
  EXPECT_ERROR(fileOf(R"({"a":{"dtype":"F32","shape":[]}})", 4),
               "lacks a field");
  EXPECT_ERROR(fileOf(R"({"a":{"dtype":"F32","dtype":"F32"}})", 4), "twice");
  EXPECT_ERROR(fileOf(R"({"a":{"strides":[1]}})", 4),
               "has the field 'strides', expected");
  std::string two = R"("dtype":"U8","shape":[2],"data_offsets":[)";
  EXPECT_ERROR(fileOf("{\"a\":{" + two + "0,2]},\"a\":{" + two + "2,4]}}", 4),
               "tensor 'a' occurs twice");
  EXPECT_ERROR(fileOf("{\"a\":{" + two + "0,2]},\"b\":{" + two + "1,3]}}", 4),
               "tensors 'a' and 'b' overlap");
}
} // namespace
