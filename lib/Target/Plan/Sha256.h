// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// SHA-256 at the speed of the instructions that processors have for it; LLVM's
// does not use them and takes as long as packing does.

#ifndef SINTER_LIB_TARGET_PLAN_SHA256_H
#define SINTER_LIB_TARGET_PLAN_SHA256_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"
#include <string>

namespace sinter {

/// A digest of what update() was given.
class Sha256 {
public:
  /// `plainly`: without the instructions, which not every machine has.
  explicit Sha256(bool plainly = false);
  void update(llvm::ArrayRef<uint8_t> bytes);
  void update(llvm::StringRef text);
  /// In hexadecimal; to be asked for once.
  std::string final();

private:
  void compress(const uint8_t *blocks, size_t count);

  bool instructions;
  uint32_t state[8];
  uint64_t total = 0;
  uint8_t rest[64]; // the first total % 64 are bytes of an unfinished block
};

std::string sha256(llvm::ArrayRef<uint8_t> bytes);

/// Of a file, read a piece at a time.
llvm::Expected<std::string> sha256OfFile(llvm::StringRef path);

} // namespace sinter

#endif
