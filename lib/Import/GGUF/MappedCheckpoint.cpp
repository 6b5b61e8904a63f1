// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "lib/Import/GGUF/MappedCheckpoint.h"

using namespace llvm;
using namespace sinter;

void MappedCheckpoint::add(std::shared_ptr<gguf::File> file) {
  std::lock_guard<std::mutex> lock(mutex);
  StringRef path = file->path();
  files[path] = std::move(file);
}

Expected<std::shared_ptr<gguf::File>> MappedCheckpoint::file(StringRef path) {
  std::lock_guard<std::mutex> lock(mutex);
  std::shared_ptr<gguf::File> &slot = files[path];
  if (!slot) {
    Expected<std::unique_ptr<gguf::File>> opened = gguf::File::open(path);
    if (!opened) {
      files.erase(path);
      return opened.takeError();
    }
    slot = std::move(*opened);
  }
  return slot;
}

Expected<ArrayRef<uint8_t>> MappedCheckpoint::read(llm::FileAttr where) {
  Expected<std::shared_ptr<gguf::File>> source = file(where.getPath());
  if (!source)
    return source.takeError();
  const gguf::Tensor *tensor = (*source)->tensor(where.getKey());
  if (!tensor || tensor->offset != where.getOffset() ||
      tensor->bytes != where.getBytes())
    return createStringError(
        inconvertibleErrorCode(),
        where.getPath() + ": tensor '" + where.getKey() +
            "' is not at offset " + Twine(where.getOffset()) + " with " +
            Twine(where.getBytes()) +
            " bytes; the file is not the one that was imported");
  return (*source)->bytes(*tensor);
}
