// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// NumPy's .npy: written row by row, read from memory.
#ifndef SINTER_TOOLS_COMMON_NPY_H
#define SINTER_TOOLS_COMMON_NPY_H

#include "tools/common/File.h"

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace sinter::tools {

/// A file of f32 [rows, columns] that appears when all rows are there.
class NpyWriter {
public:
  NpyWriter(const std::string &path, size_t rows, size_t columns);
  void write(std::span<const float> values);
  /// Throws Failure when rows are missing.
  void commit();

private:
  AtomicFile file;
  size_t missing; // values to come
};

/// An array of little-endian numbers in C order.
class NpyArray {
public:
  /// `name` is for messages. Throws Failure when the bytes are not .npy, or
  /// of a kind that this reader does not know.
  NpyArray(std::string bytes, std::string name);

  const std::vector<size_t> &shape() const { return dimensions; }
  size_t size() const;
  /// The values; throws Failure when the element type is another.
  std::span<const float> floats() const;
  /// From i32 or i64; throws Failure when a value does not fit.
  std::vector<int32_t> integers() const;

private:
  std::string_view header();
  void parseHeader(std::string_view text);
  [[noreturn]] void fail(const std::string &what) const;

  std::string bytes, name, type;
  std::vector<size_t> dimensions;
  size_t start = 0; // of the values
};

} // namespace sinter::tools

#endif
