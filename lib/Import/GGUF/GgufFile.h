// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A GGUF file (version 2 or 3), mapped.  Everything is checked when the file is
// opened: after that no accessor can leave the mapping.  Needs LLVM's Support
// library only.
#ifndef SINTER_LIB_IMPORT_GGUF_GGUFFILE_H
#define SINTER_LIB_IMPORT_GGUF_GGUFFILE_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/SmallVector.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"
#include "llvm/Support/MemoryBuffer.h"

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace sinter::gguf {

enum class ValueType : uint32_t {
  U8 = 0,
  I8 = 1,
  U16 = 2,
  I16 = 3,
  U32 = 4,
  I32 = 5,
  F32 = 6,
  Bool = 7,
  String = 8,
  Array = 9,
  U64 = 10,
  I64 = 11,
  F64 = 12
};
llvm::StringRef valueTypeName(ValueType type);
/// Bytes of a scalar in the file; for strings, of the shortest one.
uint64_t scalarBytes(ValueType type);

/// A metadata value: a scalar, or an array of scalars or strings.  The numeric
/// accessors convert where nothing is lost and return nullopt otherwise.
class Value {
public:
  /// The type of the value, or of the elements if it is an array.
  ValueType type() const { return elementType; }
  bool isArray() const { return array; }
  /// Elements of an array; 1 for a scalar.
  uint64_t size() const { return count; }

  std::optional<uint64_t> asUnsigned(uint64_t index = 0) const;
  std::optional<int64_t> asSigned(uint64_t index = 0) const;
  /// Floating point numbers, and integers that a double holds exactly.
  std::optional<double> asDouble(uint64_t index = 0) const;
  std::optional<bool> asBool(uint64_t index = 0) const;
  std::optional<llvm::StringRef> asString(uint64_t index = 0) const;
  /// All strings of a string or an array of strings; empty for other types.
  llvm::ArrayRef<llvm::StringRef> strings() const { return texts; }

private:
  friend class Parser;
  ValueType elementType = ValueType::U8;
  bool array = false;
  uint64_t count = 0;
  const uint8_t *data = nullptr; // into the mapping; null for strings
  std::vector<llvm::StringRef> texts;
};

struct KeyValue {
  llvm::StringRef key;
  Value value;
};

struct Tensor {
  llvm::StringRef name;
  /// Outermost first: a linear weight of N outputs and K inputs is {N, K}.
  llvm::SmallVector<int64_t, 4> shape;
  /// The number of the ggml type as the file has it, known to us or not.
  uint32_t type = 0;
  /// From the start of the file.
  uint64_t offset = 0;
  /// 0 if the type is not known.
  uint64_t bytes = 0;
};

/// A ggml type: "Q4_1", elements and bytes of a block.
struct TypeInfo {
  uint32_t id;
  llvm::StringRef name;
  uint32_t elements;
  uint32_t bytes;
};
/// Null for a number that no known format has.
const TypeInfo *typeInfo(uint32_t type);
/// "Q4_1", or "type 77".
std::string typeName(uint32_t type);

class File {
public:
  /// Maps and checks a file.  Errors name the file, the offset and what was
  /// expected there.
  static llvm::Expected<std::unique_ptr<File>> open(llvm::StringRef path);
  /// The same for bytes in memory, which \p buffer keeps alive.
  static llvm::Expected<std::unique_ptr<File>>
  parse(std::unique_ptr<llvm::MemoryBuffer> buffer);

  llvm::StringRef path() const { return buffer->getBufferIdentifier(); }
  uint32_t version() const { return fileVersion; }
  uint64_t alignment() const { return dataAlignment; }
  /// Where tensor data begins.
  uint64_t dataOffset() const { return dataStart; }
  llvm::ArrayRef<uint8_t> contents() const;

  llvm::ArrayRef<KeyValue> metadata() const { return pairs; }
  /// Null if there is no such key.
  const Value *find(llvm::StringRef key) const;
  std::optional<llvm::StringRef> findString(llvm::StringRef key) const;
  std::optional<uint64_t> findUnsigned(llvm::StringRef key) const;
  std::optional<double> findDouble(llvm::StringRef key) const;
  std::optional<bool> findBool(llvm::StringRef key) const;

  llvm::ArrayRef<Tensor> tensors() const { return infos; }
  /// Null if there is no such tensor.
  const Tensor *tensor(llvm::StringRef name) const;
  /// The bytes of a tensor in the mapping; empty if its type is not known.
  llvm::ArrayRef<uint8_t> bytes(const Tensor &tensor) const;

private:
  friend class Parser;
  std::unique_ptr<llvm::MemoryBuffer> buffer;
  uint32_t fileVersion = 0;
  uint64_t dataAlignment = 32, dataStart = 0;
  std::vector<KeyValue> pairs;
  std::vector<Tensor> infos;
  llvm::StringMap<size_t> pairIndex, tensorIndex;
};

} // namespace sinter::gguf

#endif // SINTER_LIB_IMPORT_GGUF_GGUFFILE_H
