// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "lib/Import/GGUF/GgufFile.h"
#include "gtest/gtest.h"

#include <cstring>

using namespace sinter::gguf;

namespace {
/// Writes the bytes of a GGUF file, right or wrong.
class Bytes {
public:
  std::string data;
  template <typename T> Bytes &put(T value) {
    data.append(reinterpret_cast<const char *>(&value), sizeof(value));
    return *this;
  }
  Bytes &text(llvm::StringRef value) {
    put<uint64_t>(value.size());
    data += value;
    return *this;
  }
  Bytes &header(uint64_t tensors, uint64_t keys, uint32_t version = 3) {
    data += "GGUF";
    return put(version).put(tensors).put(keys);
  }
  Bytes &tensor(llvm::StringRef name, std::vector<uint64_t> dims, uint32_t type,
                uint64_t offset) {
    text(name).put<uint32_t>(dims.size());
    for (uint64_t dim : dims)
      put(dim);
    return put(type).put(offset);
  }
  Bytes &pad(size_t bytes) {
    data.resize((data.size() + 31) / 32 * 32 + bytes);
    return *this;
  }
};

llvm::Expected<std::unique_ptr<File>> parse(llvm::StringRef data) {
  return File::parse(llvm::MemoryBuffer::getMemBufferCopy(data, "test.gguf"));
}

/// The message of a file that must not open.
std::string errorOf(llvm::StringRef data) {
  auto file = parse(data);
  if (file)
    return "no error";
  return llvm::toString(file.takeError());
}

#define EXPECT_ERROR(bytes, part)                                              \
  EXPECT_NE(errorOf((bytes).data).find(part), std::string::npos)               \
      << errorOf((bytes).data)

/// One of each value type, two tensors, 64 bytes of data.
Bytes sample() {
  Bytes b;
  b.header(2, 8);
  b.text("general.architecture").put<uint32_t>(8).text("llama");
  b.text("u8").put<uint32_t>(0).put<uint8_t>(200);
  b.text("i16").put<uint32_t>(3).put<int16_t>(-5);
  b.text("u64").put<uint32_t>(10).put<uint64_t>(~uint64_t(0));
  b.text("f32").put<uint32_t>(6).put(1.5f);
  b.text("flag").put<uint32_t>(7).put<uint8_t>(1);
  b.text("list").put<uint32_t>(9).put<uint32_t>(5).put<uint64_t>(2);
  b.put<int32_t>(7).put<int32_t>(-8);
  b.text("words").put<uint32_t>(9).put<uint32_t>(8).put<uint64_t>(2);
  b.text("a").text("bc");
  b.tensor("first", {4, 2}, 0, 0);
  b.tensor("second", {32}, 2, 32);
  return b.pad(32 + 18);
}
} // namespace

TEST(GgufFile, ReadsValuesAndTensors) {
  auto opened = parse(sample().data);
  ASSERT_TRUE(bool(opened)) << llvm::toString(opened.takeError());
  File &file = **opened;
  EXPECT_EQ(file.version(), 3u);
  EXPECT_EQ(file.findString("general.architecture"), llvm::StringRef("llama"));
  EXPECT_EQ(file.findUnsigned("u8"), 200u);
  EXPECT_EQ(file.find("i16")->asSigned(), -5);
  EXPECT_EQ(file.find("i16")->asUnsigned(), std::nullopt);
  EXPECT_EQ(file.findUnsigned("u64"), ~uint64_t(0));
  EXPECT_EQ(file.find("u64")->asSigned(), std::nullopt);
  EXPECT_EQ(file.findDouble("f32"), 1.5);
  EXPECT_EQ(file.findBool("flag"), true);
  EXPECT_EQ(file.find("list")->asSigned(1), -8);
  EXPECT_EQ(file.find("list")->asSigned(2), std::nullopt);
  EXPECT_EQ(file.findUnsigned("list"), std::nullopt);
  EXPECT_EQ(file.find("words")->strings().size(), 2u);
  EXPECT_EQ(file.find("words")->asString(1), llvm::StringRef("bc"));
  EXPECT_EQ(file.find("nothing"), nullptr);
  const Tensor *tensor = file.tensor("first");
  ASSERT_NE(tensor, nullptr);
  EXPECT_EQ(llvm::ArrayRef<int64_t>(tensor->shape),
            llvm::ArrayRef<int64_t>({2, 4}));
  EXPECT_EQ(file.bytes(*tensor).size(), 32u);
  EXPECT_EQ(file.bytes(*file.tensor("second")).size(), 18u);
  EXPECT_EQ(file.tensor("third"), nullptr);
}

TEST(GgufFile, RefusesEveryTruncation) {
  std::string whole = sample().data;
  for (size_t size = 0; size < whole.size(); ++size) {
    std::string message = errorOf(llvm::StringRef(whole).take_front(size));
    EXPECT_NE(message.find("test.gguf: offset "), std::string::npos)
        << "cut at " << size << ": " << message;
  }
}

TEST(GgufFile, SurvivesEveryBitFlip) {
  std::string whole = sample().data;
  for (size_t bit = 0; bit < whole.size() * 8; ++bit) {
    std::string copy = whole;
    copy[bit / 8] ^= 1 << (bit % 8);
    auto file = parse(copy);
    if (!file) {
      llvm::consumeError(file.takeError());
      continue;
    }
    // What opens must be readable everywhere.
    size_t sum = 0;
    for (const KeyValue &pair : (*file)->metadata())
      for (uint64_t i = 0; i < pair.value.size(); ++i)
        sum += pair.value.asDouble(i).has_value() +
               pair.value.asString(i).has_value();
    for (const Tensor &tensor : (*file)->tensors())
      for (uint8_t byte : (*file)->bytes(tensor))
        sum += byte;
    EXPECT_GT(sum, 0u);
  }
}

TEST(GgufFile, NamesWhatIsWrongInTheHead) {
  EXPECT_ERROR(Bytes().put<uint32_t>(0x12345678).pad(64), "no GGUF file");
  EXPECT_ERROR(Bytes().header(0, 0, 1).pad(64), "GGUF version 1 is not");
  EXPECT_ERROR(Bytes().header(0, 0, 0x03000000).pad(64), "big-endian");
  EXPECT_ERROR(Bytes().header(~uint64_t(0), 0).pad(64),
               "tensors is impossible in a file of 96 bytes");
  EXPECT_ERROR(Bytes().header(0, uint64_t(1) << 60).pad(64),
               "metadata entries is impossible");
}

TEST(GgufFile, NamesWhatIsWrongInMetadata) {
  auto key = [](llvm::StringRef name) {
    Bytes b;
    b.header(0, 1).text(name);
    return b;
  };
  EXPECT_ERROR(key("k").put<uint32_t>(13).pad(64), "'k' has unknown type 13");
  EXPECT_ERROR(key("").put<uint32_t>(0).pad(64), "key is empty");
  EXPECT_ERROR(key("k").put<uint32_t>(7).put<uint8_t>(2).pad(64),
               "'k' is a bool of value 2");
  EXPECT_ERROR(
      key("k").put<uint32_t>(9).put<uint32_t>(9).put<uint64_t>(1).pad(64),
      "'k' is an array of arrays");
  EXPECT_ERROR(
      key("k").put<uint32_t>(9).put<uint32_t>(4).put(uint64_t(1) << 62).pad(64),
      "'k' with 4611686018427387904 elements does not fit");
  EXPECT_ERROR(key("k").put<uint32_t>(8).put(~uint64_t(0)).pad(64),
               "the file ends inside a string of 'k'");
  EXPECT_ERROR(
      key("general.alignment").put<uint32_t>(4).put<uint32_t>(24).pad(64),
      "must be a power of two");
  EXPECT_ERROR(
      key("general.alignment").put<uint32_t>(4).put<uint32_t>(0).pad(64),
      "must be a power of two");
  Bytes twice;
  twice.header(0, 2).text("k").put<uint32_t>(0).put<uint8_t>(1);
  twice.text("k").put<uint32_t>(0).put<uint8_t>(1).pad(64);
  EXPECT_ERROR(twice, "'k' occurs twice");
  // A name with control characters must not disturb the message.
  EXPECT_ERROR(key("a\nb").put<uint32_t>(13).pad(64), "'a\\0Ab' has unknown");
}

TEST(GgufFile, NamesWhatIsWrongWithTensors) {
  auto one = [](std::vector<uint64_t> dims, uint32_t type, uint64_t offset,
                size_t data = 128) {
    Bytes b;
    b.header(1, 0).tensor("t", std::move(dims), type, offset).pad(data);
    return b;
  };
  EXPECT_ERROR(one({}, 0, 0), "'t' has rank 0, expected 1 to 4");
  EXPECT_ERROR(one({1, 1, 1, 1, 1}, 0, 0), "'t' has rank 5");
  EXPECT_ERROR(one({0}, 0, 0), "'t' has an impossible dimension 0");
  EXPECT_ERROR(one({uint64_t(1) << 40, uint64_t(1) << 40}, 0, 0),
               "impossible dimension");
  EXPECT_ERROR(one({33}, 2, 0),
               "rows of 33 elements, Q4_0 needs a multiple of 32");
  EXPECT_ERROR(one({4}, 0, 8), "no multiple of the alignment 32");
  EXPECT_ERROR(one({4}, 0, 1 << 20), "beyond the end of the file");
  EXPECT_ERROR(one({4}, 0, ~uint64_t(31)), "beyond the end of the file");
  EXPECT_ERROR(one({1024}, 0, 0), "ends beyond the end of the file");
  Bytes overlap;
  overlap.header(2, 0).tensor("a", {16}, 0, 0).tensor("b", {8}, 0, 32).pad(64);
  EXPECT_ERROR(overlap, "tensors 'a' and 'b' overlap");
  Bytes twice;
  twice.header(2, 0).tensor("a", {8}, 0, 0).tensor("a", {8}, 0, 32).pad(64);
  EXPECT_ERROR(twice, "tensor 'a' occurs twice");
}

TEST(GgufFile, KeepsTensorsOfUnknownTypes) {
  Bytes b;
  b.header(1, 0).tensor("t", {64}, 77, 0).pad(16);
  auto file = parse(b.data);
  ASSERT_TRUE(bool(file)) << llvm::toString(file.takeError());
  EXPECT_EQ(typeName((*file)->tensor("t")->type), "type 77");
  EXPECT_TRUE((*file)->bytes(*(*file)->tensor("t")).empty());
}

TEST(GgufFile, SaysWhyAFileCannotBeOpened) {
  auto missing = File::open("/nowhere/model.gguf");
  ASSERT_FALSE(bool(missing));
  EXPECT_EQ(llvm::toString(missing.takeError()),
            "/nowhere/model.gguf: No such file or directory");
  auto folder = File::open("/");
  ASSERT_FALSE(bool(folder));
  EXPECT_NE(llvm::toString(folder.takeError()).find("is a directory"),
            std::string::npos);
}
