// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "runtime/base/Sha256.h"

#include <sha2.h>

void sinter::runtime::sha256Hex(const uint8_t *bytes, size_t count,
                                char out[65]) {
  static_assert(SHA256_DIGEST_STRING_LENGTH == 65);
  SHA256Data(bytes, count, out);
}
