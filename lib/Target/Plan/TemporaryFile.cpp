//===- TemporaryFile.cpp - files that go away again -----------------------===//
//
// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Target/Plan/TemporaryFile.h"

#include "llvm/Support/FileSystem.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/Process.h"
#include "llvm/Support/Signals.h"

#include <unistd.h>

using namespace sinter;

/// llvm::sys::fs::createUniqueFile would replace each % of the path.
std::error_code sinter::createBeside(llvm::StringRef path, int &descriptor,
                                     std::string &made) {
  std::error_code code;
  for (int tries = 0; tries < 100; ++tries) {
    made = llvm::formatv("{0}.{1,0+8:x-}.tmp", path,
                         llvm::sys::Process::GetRandomNumber());
    code = llvm::sys::fs::openFileForReadWrite(
        made, descriptor, llvm::sys::fs::CD_CreateNew, llvm::sys::fs::OF_None,
        /*Mode=*/0600);
    if (code == std::errc::file_exists)
      continue;
    if (!code)
      llvm::sys::RemoveFileOnSignal(made);
    return code;
  }
  return code;
}

TemporaryFile::~TemporaryFile() {
  if (name.empty())
    return;
  (void)llvm::sys::fs::remove(name);
  llvm::sys::DontRemoveFileOnSignal(name);
}

llvm::Error TemporaryFile::create(llvm::StringRef output) {
  int descriptor = -1;
  std::string made;
  if (std::error_code code = createBeside(output, descriptor, made))
    return llvm::createStringError(code, "cannot create a file beside " +
                                             output + ": " + code.message());
  ::close(descriptor);
  name = std::move(made);
  return llvm::Error::success();
}
