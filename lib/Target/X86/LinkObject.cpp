// LinkObject.cpp - an object file becomes an image without relocations.
//
// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "lib/Target/X86/CodeObject.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Program.h"
#include "llvm/Support/Signals.h"
#include "llvm/Support/raw_ostream.h"

using namespace sinter;
using llvm::Expected;
using llvm::StringRef;

namespace {

/// A file that goes away with this object, and with the process if a signal
/// ends it.
class TemporaryFile {
public:
  static Expected<TemporaryFile> create(StringRef suffix) {
    TemporaryFile file;
    if (std::error_code error = llvm::sys::fs::createTemporaryFile(
            "sinter-kernels", suffix, file.path))
      return llvm::createStringError(
          error,
          "cannot create a temporary file for the linker: " + error.message());
    llvm::sys::RemoveFileOnSignal(file.path);
    return file;
  }
  TemporaryFile(TemporaryFile &&other) : path(std::move(other.path)) {
    other.path.clear();
  }
  ~TemporaryFile() {
    if (path.empty())
      return;
    (void)llvm::sys::fs::remove(path);
    llvm::sys::DontRemoveFileOnSignal(path);
  }

  llvm::SmallString<128> path;

private:
  TemporaryFile() = default;
};

llvm::Error write(StringRef path, llvm::ArrayRef<char> bytes) {
  std::error_code error;
  llvm::raw_fd_ostream stream(path, error);
  if (!error) {
    stream.write(bytes.data(), bytes.size());
    stream.close();
    error = stream.error();
    stream.clear_error();
  }
  if (error)
    return llvm::createStringError(error, "cannot write " + path + ": " +
                                              error.message());
  return llvm::Error::success();
}

std::string readAll(StringRef path) {
  auto buffer = llvm::MemoryBuffer::getFile(path);
  return buffer ? (*buffer)->getBuffer().str() : std::string();
}

Expected<std::string> findLinker() {
  for (StringRef name : {"ld.lld-22", "ld.lld"}) {
    if (auto path = llvm::sys::findProgramByName(name))
      return *path;
    if (auto path =
            llvm::sys::findProgramByName(name, {"/usr/lib/llvm-22/bin"}))
      return *path;
  }
  return llvm::createStringError(
      llvm::inconvertibleErrorCode(),
      "cannot find the linker ld.lld-22; it is in the package lld-22");
}

llvm::Error runLinker(StringRef linker, llvm::ArrayRef<TemporaryFile> objects,
                      StringRef output, StringRef log) {
  // rodynamic and separate-code: nothing is writable, nothing readable and
  // executable at once shares a page.
  llvm::SmallVector<StringRef> arguments = {linker,
                                            "-shared",
                                            "-o",
                                            output,
                                            "--no-undefined",
                                            "-z",
                                            "defs",
                                            "-z",
                                            "rodynamic",
                                            "-z",
                                            "separate-code",
                                            "-z",
                                            "noexecstack",
                                            "-z",
                                            "max-page-size=4096",
                                            "-z",
                                            "norelro",
                                            "--build-id=none",
                                            "--hash-style=gnu",
                                            "--strip-all",
                                            "--eh-frame-hdr",
                                            "--gc-sections",
                                            "--threads=1"};
  for (const TemporaryFile &object : objects)
    arguments.push_back(object.path);
  std::optional<StringRef> redirects[] = {std::nullopt, log, log};
  std::string message;
  int status = llvm::sys::ExecuteAndWait(linker, arguments, std::nullopt,
                                         redirects, /*SecondsToWait=*/120,
                                         /*MemoryLimit=*/0, &message);
  if (status == 0)
    return llvm::Error::success();
  return llvm::createStringError(
      llvm::inconvertibleErrorCode(),
      linker + " could not link the kernels: " + message + readAll(log));
}

} // namespace

std::string sinter::linkerId() {
  auto linker = findLinker();
  if (!linker) {
    llvm::consumeError(linker.takeError());
    return "";
  }
  llvm::sys::fs::file_status status;
  if (llvm::sys::fs::status(*linker, status))
    return *linker;
  auto time = status.getLastModificationTime().time_since_epoch();
  return *linker + " " + std::to_string(status.getSize()) + " " +
         std::to_string(time.count());
}

Expected<std::vector<char>>
sinter::linkObjects(llvm::ArrayRef<ObjectFile> objects) {
  auto linker = findLinker();
  if (!linker)
    return linker.takeError();
  std::vector<TemporaryFile> inputs;
  for (const ObjectFile &object : objects) {
    auto input = TemporaryFile::create("o");
    if (!input)
      return input.takeError();
    inputs.push_back(std::move(*input));
    if (llvm::Error error = write(inputs.back().path, object))
      return error;
  }
  auto output = TemporaryFile::create("so");
  if (!output)
    return output.takeError();
  auto log = TemporaryFile::create("log");
  if (!log)
    return log.takeError();
  if (llvm::Error error = runLinker(*linker, inputs, output->path, log->path))
    return error;
  auto linked = llvm::MemoryBuffer::getFile(output->path);
  if (!linked)
    return llvm::createStringError(linked.getError(),
                                   "cannot read what the linker wrote");
  StringRef bytes = (*linked)->getBuffer();
  return std::vector<char>(bytes.begin(), bytes.end());
}
