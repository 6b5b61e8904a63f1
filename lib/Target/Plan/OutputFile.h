// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A file that appears whole or not at all.

#ifndef SINTER_LIB_TARGET_PLAN_OUTPUTFILE_H
#define SINTER_LIB_TARGET_PLAN_OUTPUTFILE_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/Support/Error.h"
#include <memory>
#include <mutex>
#include <string>

namespace sinter {

/// A temporary file beside its final name. Unless `keep` succeeds it is
/// removed: by the destructor, or by the signal that ends the process.
class OutputFile {
public:
  static llvm::Expected<OutputFile> create(llvm::StringRef path);
  OutputFile(OutputFile &&other);
  OutputFile(const OutputFile &) = delete;
  ~OutputFile();

  /// Reserves the first `bytes` bytes on the disk (so that a full disk is an
  /// error here and no fault later) and maps them; they are zero.
  llvm::Expected<llvm::MutableArrayRef<uint8_t>> map(uint64_t bytes);
  /// Takes memory for `bytes`, a part of the map, before they are written. One
  /// thread at a time: where two meet in a large page, the kernel makes small
  /// ones.
  void allocate(llvm::ArrayRef<uint8_t> bytes);
  /// Lets go of the memory behind whole pages of `bytes`, a part of the map;
  /// their contents stay in the file.
  void drop(llvm::ArrayRef<uint8_t> bytes);
  void unmap();

  llvm::Error write(uint64_t offset, const void *bytes, uint64_t count);
  llvm::Error truncate(uint64_t bytes);
  /// Flushes to the disk and gives the file its name.
  llvm::Error keep();

  llvm::StringRef temporaryPath() const { return temporary; }

private:
  OutputFile(llvm::StringRef path) : path(path) {}
  llvm::Error failed(llvm::StringRef what) const; // with errno

  std::string path, temporary;
  int descriptor = -1;
  std::unique_ptr<std::mutex> allocation = std::make_unique<std::mutex>();
  uint8_t *mapped = nullptr;
  uint64_t mappedBytes = 0;
};

} // namespace sinter

#endif
