// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "lib/Target/Plan/OutputFile.h"
#include "lib/Target/Plan/PlanError.h"
#include "lib/Target/Plan/TemporaryFile.h"
#include "llvm/ADT/Twine.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/Signals.h"
#include <cerrno>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include <utility>

using namespace sinter;

llvm::Error OutputFile::failed(llvm::StringRef what) const {
  std::error_code code(errno, std::generic_category());
  return llvm::createStringError(code, llvm::Twine(path) + ": cannot " + what +
                                           ": " + code.message());
}

llvm::Expected<OutputFile> OutputFile::create(llvm::StringRef path) {
  OutputFile file(path);
  if (llvm::sys::fs::is_directory(path))
    return planError(llvm::Twine(path) + ": is a folder, expected a file name");
  std::error_code code = createBeside(path, file.descriptor, file.temporary);
  if (code) {
    llvm::StringRef folder = llvm::sys::path::parent_path(path);
    return llvm::createStringError(
        code, llvm::Twine(path) + ": cannot write to folder '" +
                  (folder.empty() ? "." : folder) + "': " + code.message());
  }
  return file;
}

OutputFile::OutputFile(OutputFile &&other)
    : path(other.path), temporary(other.temporary),
      descriptor(std::exchange(other.descriptor, -1)),
      allocation(std::move(other.allocation)),
      mapped(std::exchange(other.mapped, nullptr)),
      mappedBytes(std::exchange(other.mappedBytes, 0)) {}

OutputFile::~OutputFile() {
  unmap();
  if (descriptor < 0)
    return;
  ::close(descriptor);
  (void)llvm::sys::fs::remove(temporary);
  llvm::sys::DontRemoveFileOnSignal(temporary);
}

llvm::Expected<llvm::MutableArrayRef<uint8_t>> OutputFile::map(uint64_t bytes) {
  if (int error = ::posix_fallocate(descriptor, 0, bytes)) {
    errno = error;
    return failed("reserve " + std::to_string(bytes) + " bytes");
  }
  void *memory =
      ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0);
  if (memory == MAP_FAILED)
    return failed("map");
  // The page cache then holds the file in large pages, and so will whoever
  // maps it next: a plan is read once for each token, faster than page tables
  // of small pages allow. Where the kernel cannot, nothing is lost.
  ::madvise(memory, bytes, MADV_HUGEPAGE);
  mapped = static_cast<uint8_t *>(memory);
  mappedBytes = bytes;
  return llvm::MutableArrayRef<uint8_t>(mapped, bytes);
}

void OutputFile::allocate(llvm::ArrayRef<uint8_t> bytes) {
  uint64_t first = (bytes.begin() - mapped) / 4096 * 4096;
  uint64_t end = bytes.end() - mapped;
  std::lock_guard<std::mutex> lock(*allocation);
  ::madvise(mapped + first, end - first, MADV_POPULATE_READ);
}

void OutputFile::drop(llvm::ArrayRef<uint8_t> bytes) {
  // Pages are aligned from the start of the map.
  uint64_t first = llvm::alignTo(bytes.begin() - mapped, 4096);
  uint64_t end = (bytes.end() - mapped) / 4096 * 4096;
  if (first < end)
    ::madvise(mapped + first, end - first, MADV_DONTNEED);
}

void OutputFile::unmap() {
  if (mapped)
    ::munmap(mapped, mappedBytes);
  mapped = nullptr;
}

llvm::Error OutputFile::write(uint64_t offset, const void *bytes,
                              uint64_t count) {
  const char *next = static_cast<const char *>(bytes);
  while (count != 0) {
    ssize_t written = ::pwrite(descriptor, next, count, offset);
    if (written < 0 && errno == EINTR)
      continue;
    if (written <= 0)
      return failed("write");
    next += written;
    offset += written;
    count -= written;
  }
  return llvm::Error::success();
}

llvm::Error OutputFile::truncate(uint64_t bytes) {
  return ::ftruncate(descriptor, bytes) == 0 ? llvm::Error::success()
                                             : failed("write");
}

llvm::Error OutputFile::keep() {
  unmap();
  // createUniqueFile makes private files; a plan is an ordinary one.
  mode_t mask = ::umask(0);
  ::umask(mask);
  if (::fchmod(descriptor, 0666 & ~mask) != 0 || ::fsync(descriptor) != 0)
    return failed("write");
  if (::rename(temporary.c_str(), path.c_str()) != 0)
    return failed("rename the finished file");
  llvm::sys::DontRemoveFileOnSignal(temporary);
  ::close(std::exchange(descriptor, -1));
  return llvm::Error::success();
}
