// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef SINTER_RUNTIME_IO_MAPPEDFILE_H
#define SINTER_RUNTIME_IO_MAPPEDFILE_H

#include "runtime/base/Status.h"

#include <cstdint>
#include <span>

namespace sinter::runtime {

/// A file mapped for reading.  Only what is touched takes memory.
class MappedFile {
public:
  MappedFile() = default;
  MappedFile(MappedFile &&other) noexcept
      : address(std::exchange(other.address, nullptr)),
        length(std::exchange(other.length, 0)),
        file(std::exchange(other.file, -1)) {}
  MappedFile &operator=(MappedFile &&other) noexcept {
    std::swap(address, other.address);
    std::swap(length, other.length);
    std::swap(file, other.file);
    return *this;
  }
  ~MappedFile();

  static Result<MappedFile> open(const Allocator &allocator, const char *path);

  std::span<const uint8_t> bytes() const { return {address, length}; }
  /// For further mappings of the same file; stays open until closeDescriptor.
  int descriptor() const { return file; }
  void closeDescriptor();

private:
  const uint8_t *address = nullptr;
  size_t length = 0;
  int file = -1;
};

/// Address space with parts of a file in it, for code.
class CodeImage {
public:
  CodeImage() = default;
  CodeImage(CodeImage &&other) noexcept
      : base(std::exchange(other.base, nullptr)),
        length(std::exchange(other.length, 0)) {}
  CodeImage &operator=(CodeImage &&other) noexcept {
    std::swap(base, other.base);
    std::swap(length, other.length);
    return *this;
  }
  ~CodeImage();

  /// Takes `bytes` of inaccessible address space.
  static Result<CodeImage> reserve(const Allocator &allocator, uint64_t bytes);
  /// Puts file bytes [offset, offset + bytes) at base + address, read-only or
  /// executable, never writable.  All must be page-aligned but `bytes`.
  Status map(const Allocator &allocator, const char *path, int file,
             uint64_t address, uint64_t offset, uint64_t bytes,
             bool executable);
  uint8_t *data() const { return base; }

private:
  uint8_t *base = nullptr;
  size_t length = 0;
};

} // namespace sinter::runtime
#endif
