// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Types of tensors and of metadata, and conversions of values.
#include "lib/Import/GGUF/GgufFile.h"

#include "llvm/Support/Endian.h"

#include <bit>
#include <limits>

using namespace llvm;
using namespace sinter::gguf;

//===----------------------------------------------------------------------===//
// Types
//===----------------------------------------------------------------------===//

// All types that files contain, so that a file with a type we cannot run is
// still laid out and checked.
static constexpr TypeInfo kTypes[] = {
    {0, "F32", 1, 4},         {1, "F16", 1, 2},
    {2, "Q4_0", 32, 18},      {3, "Q4_1", 32, 20},
    {6, "Q5_0", 32, 22},      {7, "Q5_1", 32, 24},
    {8, "Q8_0", 32, 34},      {9, "Q8_1", 32, 36},
    {10, "Q2_K", 256, 84},    {11, "Q3_K", 256, 110},
    {12, "Q4_K", 256, 144},   {13, "Q5_K", 256, 176},
    {14, "Q6_K", 256, 210},   {15, "Q8_K", 256, 292},
    {16, "IQ2_XXS", 256, 66}, {17, "IQ2_XS", 256, 74},
    {18, "IQ3_XXS", 256, 98}, {19, "IQ1_S", 256, 50},
    {20, "IQ4_NL", 32, 18},   {21, "IQ3_S", 256, 110},
    {22, "IQ2_S", 256, 82},   {23, "IQ4_XS", 256, 136},
    {24, "I8", 1, 1},         {25, "I16", 1, 2},
    {26, "I32", 1, 4},        {27, "I64", 1, 8},
    {28, "F64", 1, 8},        {29, "IQ1_M", 256, 56},
    {30, "BF16", 1, 2},       {34, "TQ1_0", 256, 54},
    {35, "TQ2_0", 256, 66},   {39, "MXFP4", 32, 17},
    {40, "NVFP4", 64, 36}};

const TypeInfo *sinter::gguf::typeInfo(uint32_t type) {
  for (const TypeInfo &info : kTypes)
    if (info.id == type)
      return &info;
  return nullptr;
}

std::string sinter::gguf::typeName(uint32_t type) {
  const TypeInfo *info = typeInfo(type);
  return info ? info->name.str() : "type " + std::to_string(type);
}

StringRef sinter::gguf::valueTypeName(ValueType type) {
  static constexpr StringLiteral names[] = {
      "u8",   "i8",     "u16",   "i16", "u32", "i32", "f32",
      "bool", "string", "array", "u64", "i64", "f64"};
  auto index = static_cast<uint32_t>(type);
  return index < std::size(names) ? StringRef(names[index]) : "unknown";
}

uint64_t sinter::gguf::scalarBytes(ValueType type) {
  switch (type) {
  case ValueType::U8:
  case ValueType::I8:
  case ValueType::Bool:
    return 1;
  case ValueType::U16:
  case ValueType::I16:
    return 2;
  case ValueType::U32:
  case ValueType::I32:
  case ValueType::F32:
    return 4;
  default:
    return 8;
  }
}

//===----------------------------------------------------------------------===//
// Values
//===----------------------------------------------------------------------===//

std::optional<int64_t> Value::asSigned(uint64_t index) const {
  if (!data || index >= count)
    return std::nullopt;
  const uint8_t *p = data + index * scalarBytes(elementType);
  switch (elementType) {
  case ValueType::U8:
    return *p;
  case ValueType::I8:
    return static_cast<int8_t>(*p);
  case ValueType::U16:
    return support::endian::read16le(p);
  case ValueType::I16:
    return static_cast<int16_t>(support::endian::read16le(p));
  case ValueType::U32:
    return support::endian::read32le(p);
  case ValueType::I32:
    return static_cast<int32_t>(support::endian::read32le(p));
  case ValueType::I64:
    return static_cast<int64_t>(support::endian::read64le(p));
  case ValueType::U64: {
    uint64_t value = support::endian::read64le(p);
    if (value > static_cast<uint64_t>(std::numeric_limits<int64_t>::max()))
      return std::nullopt;
    return static_cast<int64_t>(value);
  }
  default:
    return std::nullopt;
  }
}

std::optional<uint64_t> Value::asUnsigned(uint64_t index) const {
  if (elementType == ValueType::U64 && data && index < count)
    return support::endian::read64le(data + index * 8);
  std::optional<int64_t> value = asSigned(index);
  if (!value || *value < 0)
    return std::nullopt;
  return static_cast<uint64_t>(*value);
}

std::optional<double> Value::asDouble(uint64_t index) const {
  if (!data || index >= count)
    return std::nullopt;
  if (elementType == ValueType::F32)
    return std::bit_cast<float>(support::endian::read32le(data + index * 4));
  if (elementType == ValueType::F64)
    return std::bit_cast<double>(support::endian::read64le(data + index * 8));
  std::optional<int64_t> value = asSigned(index);
  if (!value || *value > (int64_t(1) << 53) || *value < -(int64_t(1) << 53))
    return std::nullopt;
  return static_cast<double>(*value);
}

std::optional<bool> Value::asBool(uint64_t index) const {
  if (elementType != ValueType::Bool || index >= count)
    return std::nullopt;
  return data[index] != 0;
}

std::optional<StringRef> Value::asString(uint64_t index) const {
  if (index >= texts.size())
    return std::nullopt;
  return texts[index];
}
