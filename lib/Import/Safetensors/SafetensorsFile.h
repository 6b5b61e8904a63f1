// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A safetensors file, mapped.  Everything is checked when the file is opened:
// after that no accessor can leave the mapping.  Needs LLVM's Support library
// only.
#ifndef SINTER_LIB_IMPORT_SAFETENSORS_SAFETENSORSFILE_H
#define SINTER_LIB_IMPORT_SAFETENSORS_SAFETENSORSFILE_H

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

namespace sinter::safetensors {

struct Tensor {
  std::string name;
  /// As the format names types: "F32", "BF16", "I32".
  llvm::StringRef type;
  /// Outermost first.
  llvm::SmallVector<int64_t, 4> shape;
  /// From the start of the file.
  uint64_t offset = 0, bytes = 0;
};

/// Bits of an element; 0 for a type that the format does not have.
unsigned typeBits(llvm::StringRef type);

class File {
public:
  /// Maps and checks a file.  Errors name the file, the offset and what was
  /// expected there.
  static llvm::Expected<std::unique_ptr<File>> open(llvm::StringRef path);
  /// The same for bytes in memory, which \p buffer keeps alive.
  static llvm::Expected<std::unique_ptr<File>>
  parse(std::unique_ptr<llvm::MemoryBuffer> buffer);

  llvm::StringRef path() const { return buffer->getBufferIdentifier(); }
  llvm::ArrayRef<uint8_t> contents() const;
  /// A string of `__metadata__`.
  std::optional<llvm::StringRef> find(llvm::StringRef key) const;
  /// In the order of the file's head.
  llvm::ArrayRef<Tensor> tensors() const { return infos; }
  /// Null if there is no such tensor.
  const Tensor *tensor(llvm::StringRef name) const;
  llvm::ArrayRef<uint8_t> bytes(const Tensor &tensor) const;

private:
  friend class Parser;
  std::unique_ptr<llvm::MemoryBuffer> buffer;
  llvm::StringMap<std::string> metadata;
  std::vector<Tensor> infos;
  llvm::StringMap<size_t> index;
};

} // namespace sinter::safetensors

#endif // SINTER_LIB_IMPORT_SAFETENSORS_SAFETENSORSFILE_H
