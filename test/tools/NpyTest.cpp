// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "tools/common/Npy.h"
#include "tools/common/Failure.h"
#include "tools/llm-eval/Npz.h"

#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>

using namespace sinter::tools;
namespace fs = std::filesystem;

namespace {
class NpyTest : public testing::Test {
protected:
  NpyTest() {
    std::string pattern = testing::TempDir() + "npyXXXXXX";
    folder = mkdtemp(pattern.data());
  }
  ~NpyTest() override { fs::remove_all(folder); }
  std::string path(const char *name) const { return (folder / name).string(); }
  size_t files() const {
    return std::distance(fs::directory_iterator(folder),
                         fs::directory_iterator());
  }
  fs::path folder;
};

// An array as NumPy writes it, with a header that a test may spoil.
std::string npy(const std::string &dictionary, const std::string &values) {
  std::string out("\x93NUMPY\x01\x00", 8);
  out += static_cast<char>(dictionary.size());
  out += '\0';
  return out + dictionary + values;
}

std::string failure(const std::string &bytes) {
  try {
    NpyArray array(bytes, "it");
    array.floats();
  } catch (const Failure &error) {
    return error.what();
  }
  return "no failure";
}
} // namespace

TEST_F(NpyTest, WhatIsWrittenIsRead) {
  const std::vector<float> values{1.5f, -2, 3, 4, 5, 1e-30f};
  NpyWriter writer(path("a.npy"), 2, 3);
  writer.write(std::span(values).first(3));
  EXPECT_FALSE(fs::exists(path("a.npy"))) << "appears only when it is whole";
  writer.write(std::span(values).subspan(3));
  writer.commit();
  EXPECT_EQ(files(), 1u);

  std::string bytes = readFile(path("a.npy"));
  EXPECT_EQ((bytes.size() - values.size() * 4) % 64, 0u);
  NpyArray array(bytes, "a");
  EXPECT_EQ(array.shape(), (std::vector<size_t>{2, 3}));
  std::span<const float> read = array.floats();
  EXPECT_EQ(std::vector<float>(read.begin(), read.end()), values);
  EXPECT_THROW(array.integers(), Failure);
}

TEST_F(NpyTest, NothingIsLeftWithoutACommit) {
  {
    NpyWriter writer(path("a.npy"), 2, 1);
    writer.write(std::vector<float>{1});
    EXPECT_THROW(writer.commit(), Failure) << "a row is missing";
    EXPECT_THROW(writer.write(std::vector<float>{1, 2}), Failure);
  }
  EXPECT_EQ(files(), 0u);
}

TEST_F(NpyTest, AFolderThatIsNotThere) {
  EXPECT_THROW(NpyWriter(path("none/a.npy"), 1, 1), Failure);
}

TEST(Npy, Integers) {
  const std::string dictionary =
      "{'descr': '<i8', 'fortran_order': False, 'shape': (2,), }";
  int64_t values[2] = {-3, 7};
  std::string bytes(reinterpret_cast<char *>(values), 16);
  EXPECT_EQ(NpyArray(npy(dictionary, bytes), "a").integers(),
            (std::vector<int32_t>{-3, 7}));
  values[1] = int64_t(1) << 40;
  bytes.assign(reinterpret_cast<char *>(values), 16);
  EXPECT_THROW(NpyArray(npy(dictionary, bytes), "a").integers(), Failure);
}

TEST(Npy, DamageIsNamed) {
  const std::string good =
      "{'descr': '<f4', 'fortran_order': False, 'shape': (1, 2), } ";
  auto with = [&](const std::string &from, const std::string &to) {
    std::string text = good;
    return npy(text.replace(text.find(from), from.size(), to), "12345678");
  };
  EXPECT_EQ(failure(npy(good, "1234567")),
            "it holds 7 bytes of values, its shape asks for 8");
  EXPECT_EQ(failure(with("<f4", "|O1")),
            "it has elements of type '|O1'; expected <f4, <i4 or <i8");
  EXPECT_EQ(failure(with("False", "True ")),
            "it is in Fortran order; expected C order");
  EXPECT_EQ(failure(with("(1, 2)", "(99999999999999999, 2)")),
            "it is shorter than its shape says");
  EXPECT_EQ(failure(with("shape", "shapo")), "it has no shape");
  std::string bytes = npy(good, "12345678");
  for (size_t length = 0; length < bytes.size(); ++length)
    EXPECT_NE(failure(bytes.substr(0, length)), "no failure") << length;
}

TEST_F(NpyTest, AnArchiveThatIsNone) {
  std::ofstream(path("a.npz")) << "This is no archive.";
  EXPECT_THROW(NpzArchive(path("a.npz")), Failure);
  EXPECT_THROW(NpzArchive(path("none.npz")), Failure);
}
