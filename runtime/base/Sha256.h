// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef SINTER_RUNTIME_BASE_SHA256_H
#define SINTER_RUNTIME_BASE_SHA256_H

#include <cstddef>
#include <cstdint>

namespace sinter::runtime {

/// SHA-256 (FIPS 180-4) as 64 lowercase digits and a zero.
void sha256Hex(const uint8_t *bytes, size_t count, char out[65]);

} // namespace sinter::runtime
#endif
