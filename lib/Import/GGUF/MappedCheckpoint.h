// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef SINTER_LIB_IMPORT_GGUF_MAPPEDCHECKPOINT_H
#define SINTER_LIB_IMPORT_GGUF_MAPPEDCHECKPOINT_H

#include "dialects/Llm/WeightData.h"
#include "lib/Import/GGUF/GgufFile.h"
#include "lib/Import/Safetensors/SafetensorsFile.h"

#include <mutex>

namespace sinter {

/// Reads weights from GGUF files, and those whose names end in .safetensors,
/// each mapped when it is first asked for.  A
/// module that was printed and read back may name a file that has changed
/// since: the tensor must still lie where the module says.
class MappedCheckpoint : public llm::CheckpointSource {
public:
  llvm::Expected<llvm::ArrayRef<uint8_t>> read(llm::FileAttr where) override;
  /// Hands over a file that is open already.
  void add(std::shared_ptr<gguf::File> file);
  /// The file of that path, opened if need be.
  llvm::Expected<std::shared_ptr<gguf::File>> file(llvm::StringRef path);

private:
  llvm::Expected<std::shared_ptr<safetensors::File>>
  safetensorsFile(llvm::StringRef path);

  std::mutex mutex;
  llvm::StringMap<std::shared_ptr<gguf::File>> files;
  llvm::StringMap<std::shared_ptr<safetensors::File>> safetensorsFiles;
};

} // namespace sinter

#endif // SINTER_LIB_IMPORT_GGUF_MAPPEDCHECKPOINT_H
