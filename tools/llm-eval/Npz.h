// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Arrays of NumPy's .npz: a zip archive of .npy files, plain or deflated.
#ifndef SINTER_TOOLS_LLMEVAL_NPZ_H
#define SINTER_TOOLS_LLMEVAL_NPZ_H

#include "tools/common/Npy.h"

#include <memory>
#include <optional>

struct zip;

namespace sinter::tools {

class NpzArchive {
public:
  /// Throws Failure when the file cannot be read as a zip archive.
  explicit NpzArchive(const std::string &path);
  ~NpzArchive();
  NpzArchive(const NpzArchive &) = delete;
  /// The array saved under `key`; throws Failure when there is none.
  NpyArray array(const std::string &key) const;

private:
  std::string path;
  zip *archive = nullptr;
};

} // namespace sinter::tools

#endif
