// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Whole files in, and files out that are complete or not there.
#ifndef SINTER_TOOLS_COMMON_FILE_H
#define SINTER_TOOLS_COMMON_FILE_H

#include <cstdio>
#include <string>
#include <string_view>
#include <vector>

namespace sinter::tools {

/// The bytes of a file; "-" is standard input. Throws Failure.
std::string readFile(const std::string &path);

/// Lines without their ends; a last line without an end counts.
std::vector<std::string_view> splitLines(std::string_view text,
                                         bool keepEnds = false);

/// Writes to a temporary name beside the file and renames it on commit();
/// without a commit nothing is left. Throws Failure.
class AtomicFile {
public:
  explicit AtomicFile(std::string path);
  ~AtomicFile();
  AtomicFile(const AtomicFile &) = delete;
  void write(const void *bytes, size_t count);
  void commit();

private:
  [[noreturn]] void fail();

  std::string path;
  std::string temporary;
  FILE *file = nullptr;
};

/// Writes to standard output; throws Failure when that fails (a full disk).
void writeOut(std::string_view text, bool flush = false);

} // namespace sinter::tools

#endif
