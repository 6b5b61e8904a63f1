// KvTypes.cpp - what keys and values are stored as.
//
// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "dialects/Tile/KvTypes.h"

#include "mlir/IR/Builders.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringSwitch.h"

using namespace mlir;
using namespace sinter;

static bool isTypeName(StringRef name) {
  return name == "f32" || name == "f16" || name == "bf16" || name == "int8";
}

std::optional<KvTypes> KvTypes::parse(StringRef text) {
  if (isTypeName(text))
    return KvTypes{text.str(), text.str()};
  KvTypes types;
  SmallVector<StringRef> parts;
  text.split(parts, ',');
  for (StringRef part : parts) {
    std::string &type = part.starts_with("k:") ? types.key : types.value;
    if (!(part.consume_front("k:") || part.consume_front("v:")) ||
        !isTypeName(part) || !type.empty())
      return std::nullopt;
    type = part.str();
  }
  if (types.key.empty() || types.value.empty())
    return std::nullopt;
  return types;
}

std::string KvTypes::str() const {
  return key == value ? key : "k:" + key + ",v:" + value;
}

Type sinter::kvElementType(StringRef name, MLIRContext *context) {
  Builder b(context);
  return llvm::StringSwitch<Type>(name)
      .Case("f32", b.getF32Type())
      .Case("f16", b.getF16Type())
      .Case("bf16", b.getBF16Type())
      .Case("int8", b.getI8Type())
      .Default(Type());
}

std::string sinter::kvTypeName(Type element) {
  if (element.isInteger(8))
    return "int8";
  std::string text;
  llvm::raw_string_ostream(text) << element;
  return text;
}
