//===- TensorFile.h - what files of tensors have in common ------*- C++ -*-===//
//
// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SINTER_LIB_IMPORT_TENSORFILE_H
#define SINTER_LIB_IMPORT_TENSORFILE_H

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/Twine.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MemoryBuffer.h"
#include <vector>

namespace sinter {

/// Maps a file. `kind` is what it should be, as in "a GGUF file".
inline llvm::Expected<std::unique_ptr<llvm::MemoryBuffer>>
mapTensorFile(llvm::StringRef path, llvm::StringRef kind) {
  if (llvm::sys::fs::is_directory(path))
    return llvm::createStringError(llvm::inconvertibleErrorCode(),
                                   path + ": is a directory, expected " + kind);
  auto buffer = llvm::MemoryBuffer::getFile(path, /*IsText=*/false,
                                            /*RequiresNullTerminator=*/false);
  if (!buffer)
    return llvm::createStringError(buffer.getError(),
                                   path + ": " + buffer.getError().message());
  return std::move(*buffer);
}

/// Two tensors that share bytes, the one that begins later second; null: none
/// do.
template <typename Tensor>
std::pair<const Tensor *, const Tensor *>
findOverlap(llvm::ArrayRef<Tensor> tensors) {
  std::vector<const Tensor *> order;
  for (const Tensor &tensor : tensors)
    order.push_back(&tensor);
  llvm::sort(order, [](const Tensor *a, const Tensor *b) {
    return std::pair(a->offset, a->bytes) < std::pair(b->offset, b->bytes);
  });
  for (size_t i = 1; i < order.size(); ++i)
    if (order[i]->offset < order[i - 1]->offset + order[i - 1]->bytes)
      return {order[i - 1], order[i]};
  return {nullptr, nullptr};
}

} // namespace sinter

#endif // SINTER_LIB_IMPORT_TENSORFILE_H
