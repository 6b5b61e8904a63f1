// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "tools/common/File.h"
#include "tools/common/Failure.h"

#include <cerrno>
#include <cstring>
#include <memory>
#include <sys/stat.h>
#include <unistd.h>

using namespace sinter::tools;

static std::string reason() { return std::strerror(errno); }

std::string sinter::tools::readFile(const std::string &path) {
  const bool fromStdin = path == "-";
  std::unique_ptr<FILE, int (*)(FILE *)> owner(
      fromStdin ? nullptr : std::fopen(path.c_str(), "rb"), std::fclose);
  FILE *file = fromStdin ? stdin : owner.get();
  const std::string name = fromStdin ? "standard input" : "'" + path + "'";
  if (!file)
    throw Failure("cannot open " + name + ": " + reason());
  std::string text;
  char block[1 << 16];
  while (size_t count = std::fread(block, 1, sizeof(block), file))
    text.append(block, count);
  if (std::ferror(file))
    throw Failure("cannot read " + name + ": " + reason());
  return text;
}

std::vector<std::string_view> sinter::tools::splitLines(std::string_view text,
                                                        bool keepEnds) {
  std::vector<std::string_view> lines;
  while (!text.empty()) {
    size_t end = text.find('\n');
    size_t taken = end == std::string_view::npos ? text.size() : end + 1;
    lines.push_back(text.substr(0, keepEnds ? taken : std::min(end, taken)));
    text.remove_prefix(taken);
  }
  return lines;
}

AtomicFile::AtomicFile(std::string target)
    : path(std::move(target)), temporary(path + ".tmpXXXXXX") {
  int descriptor = mkstemp(temporary.data());
  if (descriptor < 0)
    throw Failure("cannot create '" + path + "': " + reason());
  // mkstemp gives 0600; the file shall look like any other.
  mode_t mask = umask(0);
  umask(mask);
  fchmod(descriptor, 0666 & ~mask);
  file = fdopen(descriptor, "wb");
  if (!file) {
    close(descriptor);
    fail();
  }
}

AtomicFile::~AtomicFile() {
  if (file)
    std::fclose(file);
  if (!temporary.empty())
    unlink(temporary.c_str());
}

void AtomicFile::fail() {
  std::string message = "cannot write '" + path + "': " + reason();
  unlink(temporary.c_str());
  temporary.clear();
  throw Failure(message);
}

void AtomicFile::write(const void *bytes, size_t count) {
  if (std::fwrite(bytes, 1, count, file) != count)
    fail();
}

void AtomicFile::commit() {
  FILE *closing = file;
  file = nullptr;
  if (std::fclose(closing) != 0 ||
      std::rename(temporary.c_str(), path.c_str()) != 0)
    fail();
  temporary.clear();
}

void sinter::tools::writeOut(std::string_view text, bool flush) {
  if (std::fwrite(text.data(), 1, text.size(), stdout) != text.size() ||
      (flush && std::fflush(stdout) != 0))
    throw Failure("cannot write to standard output: " + reason());
}
