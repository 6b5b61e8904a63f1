// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "tools/llm-eval/Npz.h"
#include "tools/common/Failure.h"

#include <zip.h>

using namespace sinter::tools;

NpzArchive::NpzArchive(const std::string &file) : path(file) {
  int code = 0;
  archive = zip_open(path.c_str(), ZIP_RDONLY, &code);
  if (archive)
    return;
  zip_error_t error;
  zip_error_init_with_code(&error, code);
  std::string message = "cannot read '" + path +
                        "' as a .npz archive: " + zip_error_strerror(&error);
  zip_error_fini(&error);
  throw Failure(message);
}

NpzArchive::~NpzArchive() {
  if (archive)
    zip_discard(archive);
}

NpyArray NpzArchive::array(const std::string &key) const {
  const std::string member = key + ".npy";
  zip_stat_t stat;
  if (zip_stat(archive, member.c_str(), 0, &stat) != 0 ||
      !(stat.valid & ZIP_STAT_SIZE))
    throw Failure("'" + path + "' has no array '" + key +
                  "'; expected prompt, logits and tokens");
  std::unique_ptr<zip_file_t, int (*)(zip_file_t *)> file(
      zip_fopen(archive, member.c_str(), 0), zip_fclose);
  std::string bytes;
  bool good = file != nullptr;
  // In blocks: a damaged size must not ask for all memory at once.
  constexpr zip_uint64_t block = 16 << 20;
  while (good && bytes.size() < stat.size) {
    size_t at = bytes.size();
    size_t want = std::min<zip_uint64_t>(block, stat.size - at);
    bytes.resize(at + want);
    zip_int64_t got = zip_fread(file.get(), bytes.data() + at, want);
    good = got > 0;
    bytes.resize(at + (good ? static_cast<size_t>(got) : 0));
  }
  // Past the end libzip compares the checksum.
  char byte;
  if (!good || zip_fread(file.get(), &byte, 1) != 0)
    throw Failure("the array '" + key + "' in '" + path + "' is damaged");
  return NpyArray(std::move(bytes),
                  "the array '" + key + "' in '" + path + "'");
}
