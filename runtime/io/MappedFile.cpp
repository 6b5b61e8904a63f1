// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "runtime/io/MappedFile.h"

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

namespace sinter::runtime {

MappedFile::~MappedFile() {
  if (address)
    munmap(const_cast<uint8_t *>(address), length);
  closeDescriptor();
}

void MappedFile::closeDescriptor() {
  if (file >= 0)
    close(std::exchange(file, -1));
}

Result<MappedFile> MappedFile::open(const Allocator &allocator,
                                    const char *path) {
  MappedFile result;
  // O_NONBLOCK: opening a FIFO must not wait for its writer.
  result.file = ::open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (result.file < 0) {
    int error = errno;
    return fail(allocator, error == ENOENT ? SINTER_NOT_FOUND : SINTER_IO,
                "%s: cannot open: %s", path, strerror(error));
  }
  struct stat info;
  if (fstat(result.file, &info) != 0)
    return fail(allocator, SINTER_IO, "%s: cannot read its size: %s", path,
                strerror(errno));
  if (!S_ISREG(info.st_mode))
    return fail(allocator, SINTER_INVALID_ARGUMENT, "%s: not a regular file",
                path);
  if (info.st_size == 0)
    return fail(allocator, SINTER_CORRUPT, "%s: the file is empty", path);
  void *memory =
      mmap(nullptr, info.st_size, PROT_READ, MAP_SHARED, result.file, 0);
  if (memory == MAP_FAILED)
    return fail(allocator, SINTER_IO, "%s: cannot map %llu bytes: %s", path,
                static_cast<unsigned long long>(info.st_size), strerror(errno));
  // What is not in memory yet is read in large pages, where the kernel can.
  madvise(memory, info.st_size, MADV_HUGEPAGE);
  result.address = static_cast<const uint8_t *>(memory);
  result.length = info.st_size;
  return result;
}

CodeImage::~CodeImage() {
  if (base)
    munmap(base, length);
}

Result<CodeImage> CodeImage::reserve(const Allocator &allocator,
                                     uint64_t bytes) {
  CodeImage result;
  void *memory = mmap(nullptr, bytes, PROT_NONE,
                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (memory == MAP_FAILED)
    return fail(allocator, SINTER_IO,
                "cannot reserve %llu bytes of address space for code: %s",
                static_cast<unsigned long long>(bytes), strerror(errno));
  result.base = static_cast<uint8_t *>(memory);
  result.length = bytes;
  return result;
}

Status CodeImage::map(const Allocator &allocator, const char *path, int file,
                      uint64_t address, uint64_t offset, uint64_t bytes,
                      bool executable) {
  int protection = executable ? PROT_READ | PROT_EXEC : PROT_READ;
  void *memory =
      mmap(base + address, bytes, protection, MAP_PRIVATE | MAP_FIXED, file,
           static_cast<off_t>(offset));
  if (memory == MAP_FAILED)
    return fail(allocator, SINTER_IO,
                "%s: cannot map %llu bytes of %s at offset %llu: %s%s", path,
                static_cast<unsigned long long>(bytes),
                executable ? "code" : "constants",
                static_cast<unsigned long long>(offset), strerror(errno),
                executable ? " (is the file system mounted noexec?)" : "");
  return Status();
}

} // namespace sinter::runtime
