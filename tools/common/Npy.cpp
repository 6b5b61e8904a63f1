// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "tools/common/Npy.h"
#include "tools/common/Failure.h"

#include <algorithm>
#include <charconv>
#include <cstring>
#include <limits>

using namespace sinter::tools;

static constexpr std::string_view magic("\x93NUMPY", 6);
// The values shall begin at a multiple of this.
static constexpr size_t alignment = 64;

NpyWriter::NpyWriter(const std::string &path, size_t rows, size_t columns)
    : file(path), missing(rows * columns) {
  std::string dictionary =
      "{'descr': '<f4', 'fortran_order': False, 'shape': (" +
      std::to_string(rows) + ", " + std::to_string(columns) + "), }";
  size_t prefix = magic.size() + 4; // version and length
  size_t total = prefix + dictionary.size() + 1;
  dictionary.append((alignment - total % alignment) % alignment, ' ');
  dictionary += '\n';
  const unsigned char rest[4] = {
      1, 0, static_cast<unsigned char>(dictionary.size() & 0xff),
      static_cast<unsigned char>(dictionary.size() >> 8)};
  file.write(magic.data(), magic.size());
  file.write(rest, sizeof(rest));
  file.write(dictionary.data(), dictionary.size());
}

void NpyWriter::write(std::span<const float> values) {
  if (values.size() > missing)
    throw Failure("more rows of logits than the file has room for");
  file.write(values.data(), values.size_bytes());
  missing -= values.size();
}

void NpyWriter::commit() {
  if (missing)
    throw Failure("rows of logits are missing");
  file.commit();
}

NpyArray::NpyArray(std::string content, std::string title)
    : bytes(std::move(content)), name(std::move(title)) {
  parseHeader(header());
  size_t width = 0;
  if (type == "<f4" || type == "<i4")
    width = 4;
  else if (type == "<i8")
    width = 8;
  else
    fail("has elements of type '" + type + "'; expected <f4, <i4 or <i8");
  size_t count = 1;
  for (size_t dimension : dimensions) {
    if (dimension && count > bytes.size() / dimension)
      fail("is shorter than its shape says");
    count *= dimension;
  }
  if (bytes.size() - start != count * width)
    fail("holds " + std::to_string(bytes.size() - start) +
         " bytes of values, its shape asks for " +
         std::to_string(count * width));
}

void NpyArray::fail(const std::string &what) const {
  throw Failure(name + " " + what);
}

// The dictionary; sets where the values start.
std::string_view NpyArray::header() {
  if (bytes.size() < 10 || !bytes.starts_with(magic))
    fail("is no .npy array");
  auto byte = [&](size_t at) {
    return static_cast<size_t>(static_cast<unsigned char>(bytes[at]));
  };
  size_t length = byte(8) | byte(9) << 8, at = 10;
  if (bytes[6] >= 2) { // versions 2 and 3 have a length of 32 bits
    if (bytes.size() < 12)
      fail("is no .npy array");
    length |= byte(10) << 16 | byte(11) << 24;
    at = 12;
  }
  if (length > bytes.size() - at)
    fail("ends within its header");
  start = at + length;
  return std::string_view(bytes).substr(at, length);
}

// What follows "'key':" in the dictionary that NumPy writes.
static std::string_view field(std::string_view text, const char *key) {
  size_t at = text.find("'" + std::string(key) + "':");
  if (at == std::string_view::npos)
    return {};
  text.remove_prefix(at + std::strlen(key) + 3);
  text.remove_prefix(std::min(text.find_first_not_of(' '), text.size()));
  return text;
}

void NpyArray::parseHeader(std::string_view text) {
  std::string_view descr = field(text, "descr");
  size_t quote = descr.find('\'', 1);
  if (!descr.starts_with('\'') || quote == std::string_view::npos)
    fail("has no plain element type");
  type = descr.substr(1, quote - 1);
  if (!field(text, "fortran_order").starts_with("False"))
    fail("is in Fortran order; expected C order");
  std::string_view shape = field(text, "shape");
  size_t close = shape.find(')');
  if (!shape.starts_with('(') || close == std::string_view::npos)
    fail("has no shape");
  shape = shape.substr(1, close - 1);
  while (!shape.empty()) {
    size_t value = 0;
    auto [end, error] =
        std::from_chars(shape.data(), shape.data() + shape.size(), value);
    if (error != std::errc())
      fail("has no shape of whole numbers");
    dimensions.push_back(value);
    shape.remove_prefix(end - shape.data());
    shape.remove_prefix(std::min(shape.find_first_not_of(", "), shape.size()));
  }
}

size_t NpyArray::size() const {
  size_t count = 1;
  for (size_t dimension : dimensions)
    count *= dimension;
  return count;
}

std::span<const float> NpyArray::floats() const {
  if (type != "<f4")
    fail("holds " + type + "; expected <f4 (float32)");
  // Headers are padded so that values are aligned; a foreign writer's may not.
  const char *data = bytes.data() + start;
  if (reinterpret_cast<uintptr_t>(data) % alignof(float))
    fail("has values at an odd offset");
  return {reinterpret_cast<const float *>(data), size()};
}

std::vector<int32_t> NpyArray::integers() const {
  std::vector<int32_t> values(size());
  const char *data = bytes.data() + start;
  for (int32_t &value : values) {
    if (type == "<i4") {
      std::memcpy(&value, data, 4);
      data += 4;
    } else if (type == "<i8") {
      int64_t wide;
      std::memcpy(&wide, data, 8);
      data += 8;
      if (wide != static_cast<int32_t>(wide))
        fail("holds an integer of more than 32 bits");
      value = static_cast<int32_t>(wide);
    } else {
      fail("holds " + type + "; expected <i4 or <i8 (int32, int64)");
    }
  }
  return values;
}
