//===- TemporaryFile.h - files that go away again ---------------*- C++ -*-===//
//
// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#ifndef SINTER_LIB_TARGET_PLAN_TEMPORARYFILE_H
#define SINTER_LIB_TARGET_PLAN_TEMPORARYFILE_H

#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"

#include <string>

namespace sinter {

/// Opens a new file beside `path`, where there is room for what is like it; its
/// name, `made`, is `path` with more behind. Only the user can read it. A
/// signal that ends the program removes it.
std::error_code createBeside(llvm::StringRef path, int &descriptor,
                             std::string &made);

/// A file that goes away with its owner, and where a signal ends the program.
class TemporaryFile {
public:
  TemporaryFile() = default;
  TemporaryFile(const TemporaryFile &) = delete;
  TemporaryFile &operator=(const TemporaryFile &) = delete;
  ~TemporaryFile();

  /// Makes it, empty, beside `output`.
  llvm::Error create(llvm::StringRef output);
  const std::string &path() const { return name; }

private:
  std::string name;
};

} // namespace sinter

#endif // SINTER_LIB_TARGET_PLAN_TEMPORARYFILE_H
