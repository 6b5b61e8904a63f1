//===- Cache.cpp - what was compiled before
//
// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Pipelines/Cache.h"

#include "lib/Target/Plan/Sha256.h"
#include "lib/Target/Plan/TemporaryFile.h"
#include "llvm/Support/Chrono.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/Signals.h"
#include "llvm/Support/WithColor.h"
#include "llvm/Support/raw_ostream.h"
#include "llvm/Support/xxhash.h"
#include <sys/stat.h>

using namespace sinter;
using llvm::StringRef;
using llvm::Twine;
namespace fs = llvm::sys::fs;

//===----------------------------------------------------------------------===//
// Entries
//===----------------------------------------------------------------------===//

/// An entry is its bytes and then their XXH3-128, or that of its tail.
static constexpr size_t kDigestBytes = 16;

static std::string digestOf(StringRef bytes) {
  llvm::XXH128_hash_t hash =
      llvm::xxh3_128bits(llvm::arrayRefFromStringRef(bytes));
  std::string text(kDigestBytes, '\0');
  std::memcpy(text.data(), &hash.low64, 8);
  std::memcpy(text.data() + 8, &hash.high64, 8);
  return text;
}

Cache::Entry::Entry(std::unique_ptr<llvm::MemoryBuffer> file)
    : file(std::move(file)) {}

StringRef Cache::Entry::bytes() const {
  return file->getBuffer().drop_back(kDigestBytes);
}

bool Cache::Entry::isMarkOf(StringRef marked) const {
  return file->getBuffer().take_back(kDigestBytes) == digestOf(marked);
}

//===----------------------------------------------------------------------===//
// The folder
//===----------------------------------------------------------------------===//

Cache::Cache(std::string folder, uint64_t limit)
    : folder(std::move(folder)), limit(limit) {}

std::string Cache::defaultFolder() {
  llvm::SmallString<128> path;
  if (!llvm::sys::path::cache_directory(path))
    return "";
  llvm::sys::path::append(path, "sinter");
  return path.str().str();
}

std::string Cache::path(StringRef kind, StringRef key) const {
  llvm::SmallString<128> path(folder);
  llvm::sys::path::append(path, kind + "-" + key);
  return path.str().str();
}

void Cache::warn(const Twine &message) {
  std::call_once(warned, [&] {
    llvm::errs() << "llm-compile: warning: the cache " << folder
                 << " is not used: " << message
                 << " (--no-cache does without)\n";
  });
}

std::optional<Cache::Entry> Cache::find(StringRef kind, StringRef key) {
  auto entry = findUnchecked(kind, key);
  if (entry && entry->isMarkOf(entry->bytes()))
    return entry;
  if (entry)
    remove(kind, key);
  return std::nullopt;
}

std::optional<Cache::Entry> Cache::findUnchecked(StringRef kind,
                                                 StringRef key) {
  if (folder.empty())
    return std::nullopt;
  std::string name = path(kind, key);
  auto file = llvm::MemoryBuffer::getFile(name, /*IsText=*/false,
                                          /*RequiresNullTerminator=*/false);
  if (!file)
    return std::nullopt;
  if ((*file)->getBufferSize() < kDigestBytes) {
    (void)fs::remove(name);
    return std::nullopt;
  }
  // The time of last use decides what is evicted.
  if (auto opened = fs::openNativeFileForReadWrite(name, fs::CD_OpenExisting,
                                                   fs::OF_None)) {
    (void)fs::setLastAccessAndModificationTime(
        *opened, std::chrono::system_clock::now());
    (void)fs::closeFile(*opened);
  } else {
    llvm::consumeError(opened.takeError());
  }
  return Entry(std::move(*file));
}

void Cache::remove(StringRef kind, StringRef key) {
  (void)fs::remove(path(kind, key));
}

/// Entries may be lost, so nothing waits for the disk.
llvm::Error Cache::write(StringRef path, StringRef bytes, StringRef tail) {
  std::string temporary;
  int descriptor = -1;
  if (std::error_code code = createBeside(path, descriptor, temporary))
    return llvm::errorCodeToError(code);
  llvm::raw_fd_ostream stream(descriptor, /*shouldClose=*/true);
  stream << bytes << tail << digestOf(tail);
  stream.close();
  std::error_code code = stream.error();
  stream.clear_error();
  if (!code)
    code = fs::rename(temporary, path);
  if (code)
    (void)fs::remove(temporary);
  llvm::sys::DontRemoveFileOnSignal(temporary);
  return llvm::errorCodeToError(code);
}

void Cache::storeMarked(StringRef kind, StringRef key, StringRef bytes,
                        StringRef tail) {
  // One entry does not drive out all others.
  if (folder.empty() || bytes.size() + tail.size() > limit / 2)
    return;
  std::error_code code =
      fs::create_directories(folder, /*IgnoreExisting=*/true, fs::owner_all);
  llvm::Error failed =
      code ? llvm::errorCodeToError(code) : write(path(kind, key), bytes, tail);
  if (failed)
    return warn(llvm::toString(std::move(failed)));
  evict();
}

/// Removes what was not used for the longest time, and what killed processes
/// left.
void Cache::evict() {
  struct File {
    llvm::sys::TimePoint<> used;
    uint64_t bytes;
    std::string path;
  };
  std::vector<File> files;
  uint64_t total = 0;
  std::error_code code;
  auto old = std::chrono::system_clock::now() - std::chrono::hours(1);
  for (fs::directory_iterator it(folder, code), end; it != end && !code;
       it.increment(code)) {
    auto status = it->status();
    if (!status || status->type() != fs::file_type::regular_file)
      continue;
    auto used = status->getLastModificationTime();
    if (StringRef(it->path()).ends_with(".tmp")) {
      if (used < old)
        (void)fs::remove(it->path());
      continue;
    }
    files.push_back({used, status->getSize(), it->path()});
    total += status->getSize();
  }
  llvm::sort(files,
             [](const File &a, const File &b) { return a.used < b.used; });
  for (const File &file : files) {
    if (total <= limit)
      return;
    (void)fs::remove(file.path);
    total -= file.bytes;
  }
}

//===----------------------------------------------------------------------===//
// Digests of files
//===----------------------------------------------------------------------===//

/// What changes when a file does; nothing if it changed so lately that another
/// change might leave the times as they are.
static std::optional<std::string> identityOf(StringRef path) {
  llvm::SmallString<128> real;
  struct stat status;
  if (fs::real_path(path, real) || ::stat(real.c_str(), &status) != 0)
    return std::nullopt;
  if (::time(nullptr) - std::max(status.st_mtime, status.st_ctime) < 2)
    return std::nullopt;
  Sha256 digest;
  digest.update(real.str());
  for (uint64_t number :
       {uint64_t(status.st_dev), uint64_t(status.st_ino),
        uint64_t(status.st_size), uint64_t(status.st_mtim.tv_sec),
        uint64_t(status.st_mtim.tv_nsec), uint64_t(status.st_ctim.tv_sec),
        uint64_t(status.st_ctim.tv_nsec)})
    digest.update("/" + std::to_string(number));
  return digest.final();
}

std::optional<std::string> sinter::knownDigest(StringRef path, Cache &cache) {
  if (auto identity = identityOf(path))
    if (auto known = cache.find("source", *identity))
      return known->bytes().str();
  return std::nullopt;
}

llvm::Expected<std::string> sinter::sourceDigest(StringRef path, Cache &cache) {
  auto identity = identityOf(path);
  auto digest = sha256OfFile(path);
  // A file that changed while it was read has another identity now.
  if (digest && identity && identityOf(path) == identity)
    cache.store("source", *identity, *digest);
  return digest;
}
