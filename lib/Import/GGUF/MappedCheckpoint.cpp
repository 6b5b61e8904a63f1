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

/// The file of that path, opened if nobody has done so.
template <typename File>
static Expected<std::shared_ptr<File>>
openOnce(StringMap<std::shared_ptr<File>> &files, StringRef path) {
  std::shared_ptr<File> &slot = files[path];
  if (!slot) {
    Expected<std::unique_ptr<File>> opened = File::open(path);
    if (!opened) {
      files.erase(path);
      return opened.takeError();
    }
    slot = std::move(*opened);
  }
  return slot;
}

Expected<std::shared_ptr<gguf::File>> MappedCheckpoint::file(StringRef path) {
  std::lock_guard<std::mutex> lock(mutex);
  return openOnce(files, path);
}

Expected<std::shared_ptr<safetensors::File>>
MappedCheckpoint::safetensorsFile(StringRef path) {
  std::lock_guard<std::mutex> lock(mutex);
  return openOnce(safetensorsFiles, path);
}

/// The bytes of a tensor that lies where the module says.
template <typename File>
static Expected<ArrayRef<uint8_t>> readFrom(const File &file,
                                            llm::FileAttr where) {
  const auto *tensor = file.tensor(where.getKey());
  if (!tensor || tensor->offset != where.getOffset() ||
      tensor->bytes != where.getBytes())
    return createStringError(
        inconvertibleErrorCode(),
        where.getPath() + ": tensor '" + where.getKey() +
            "' is not at offset " + Twine(where.getOffset()) + " with " +
            Twine(where.getBytes()) +
            " bytes; the file is not the one that was imported");
  return file.bytes(*tensor);
}

Expected<ArrayRef<uint8_t>> MappedCheckpoint::read(llm::FileAttr where) {
  if (where.getPath().ends_with(".safetensors")) {
    auto source = safetensorsFile(where.getPath());
    if (!source)
      return source.takeError();
    return readFrom(**source, where);
  }
  Expected<std::shared_ptr<gguf::File>> source = file(where.getPath());
  if (!source)
    return source.takeError();
  return readFrom(**source, where);
}
