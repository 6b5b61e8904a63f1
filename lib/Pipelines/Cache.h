//===- Cache.h - what was compiled before
//
// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SINTER_LIB_PIPELINES_CACHE_H
#define SINTER_LIB_PIPELINES_CACHE_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"
#include "llvm/Support/MemoryBuffer.h"
#include <memory>
#include <mutex>
#include <string>

namespace sinter {

/// A folder of files that are named by a digest of all that they were made
/// from. Any number of processes may use it at a time and be killed at any
/// moment: an entry gets its name when it is whole, is never changed, and ends
/// with a digest of its bytes; one that is damaged is removed. What goes wrong
/// with the folder is said once, as a warning, and is no reason to fail.
class Cache {
public:
  /// Keeps at most about `limit` bytes; an empty folder means no cache.
  Cache(std::string folder, uint64_t limit);

  /// XDG_CACHE_HOME/sinter, or .cache/sinter at home; empty if neither is set.
  static std::string defaultFolder();

  /// Bytes of an entry, mapped.
  class Entry {
  public:
    llvm::StringRef bytes() const;
    /// Whether `marked`, a part of it, has the digest that the entry ends with.
    bool isMarkOf(llvm::StringRef marked) const;

  private:
    friend class Cache;
    explicit Entry(std::unique_ptr<llvm::MemoryBuffer> file);
    std::unique_ptr<llvm::MemoryBuffer> file;
  };

  /// `kind` is a word, `key` a digest in hexadecimal. Thread-safe.
  std::optional<Entry> find(llvm::StringRef kind, llvm::StringRef key);
  void store(llvm::StringRef kind, llvm::StringRef key, llvm::StringRef bytes) {
    storeMarked(kind, key, "", bytes);
  }

  /// An entry of many bytes, which has digests of them in its tail: the caller
  /// checks that the tail is the mark and the bytes are as the tail says.
  std::optional<Entry> findUnchecked(llvm::StringRef kind, llvm::StringRef key);
  void storeMarked(llvm::StringRef kind, llvm::StringRef key,
                   llvm::StringRef bytes, llvm::StringRef tail);
  /// What is damaged.
  void remove(llvm::StringRef kind, llvm::StringRef key);

private:
  std::string path(llvm::StringRef kind, llvm::StringRef key) const;
  llvm::Error write(llvm::StringRef path, llvm::StringRef bytes,
                    llvm::StringRef tail);
  void evict();
  void warn(const llvm::Twine &message);

  std::string folder;
  uint64_t limit;
  std::once_flag warned;
};

/// SHA-256 of a file that was seen before, with this place, size and times.
std::optional<std::string> knownDigest(llvm::StringRef path, Cache &cache);
/// Reads the whole file for it.
llvm::Expected<std::string> sourceDigest(llvm::StringRef path, Cache &cache);

/// Tells apart compilers that might give different bytes: a digest of the
/// program and of the libraries that it runs with.
const std::string &compilerId();

} // namespace sinter

#endif // SINTER_LIB_PIPELINES_CACHE_H
